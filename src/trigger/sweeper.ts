import type { Context } from '../context/index.ts';
import { readable, type RunResult, writeWork } from '../processor/index.ts';
import { type Entry, type WorkRecord, workRecords } from '../store/index.ts';
import { sleep } from '../time/index.ts';
import type { UpstreamAnswer } from '../upstream/index.ts';
import { dependencyLevels } from './dependency-order.ts';
import type { Dispatcher } from './dispatcher.ts';
import { recoverRun } from './recover.ts';
import type { RegisteredProcessor, Registry } from './registry.ts';

/** What one sweep found and did. */
export interface SweepReport {
  /** Results of the runs it started, in the order in which they ended. */
  readonly results: readonly RunResult[];
  /** Keys of runs that had ended without a word. */
  readonly recovered: readonly string[];
  /** Keys that waited too long. */
  readonly gaveUp: readonly string[];
  /** What still waits, and for what. */
  readonly waiting: readonly {
    readonly key: string;
    readonly reason: string;
    readonly missing: readonly string[];
  }[];
  /** Records that this release can't read, left for the one that can. */
  readonly unreadable: readonly string[];
}

interface SweeperParts {
  readonly context: Context;
  readonly known: Registry;
  readonly dispatch: Dispatcher['dispatch'];
  readonly concurrency: number;
}

interface Parked {
  readonly record: WorkRecord & { readonly parked: NonNullable<WorkRecord['parked']> };
  readonly version: string;
  readonly processor: RegisteredProcessor;
}

const pageSize = 200;
// One sweep starts what is ready, then what that made ready, and so on; longer chains go on at the next sweep.
const mostRounds = 10;
const startJitter = 1_000;

/** A function that looks once at all that is due. Overlapping calls share one look. */
export function createSweeper(parts: SweeperParts): Dispatcher['sweep'] {
  let underWay: Promise<SweepReport> | undefined;
  return (call = {}) => {
    underWay ??= sweepOnce(parts, call.signal).finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

async function sweepOnce(parts: SweeperParts, signal: AbortSignal | undefined): Promise<SweepReport> {
  const report = {
    results: [] as RunResult[],
    recovered: [] as string[],
    gaveUp: [] as string[],
    waiting: new Map<string, SweepReport['waiting'][number]>(),
    unreadable: new Set<string>(),
  };
  const started = new Set<string>();
  for (let round = 0; round < mostRounds && !signal?.aborted; round++) {
    const { parked, time } = await due(parts, report, signal);
    const fresh = parked.filter(({ record }) => !started.has(record.key));
    const ready = await readyOf(parts, await giveUpLate(parts, fresh, time, report, signal), report, signal);
    if (ready.length === 0) break;
    for (const { record } of ready) started.add(record.key);
    report.results.push(...(await start(parts, ready, signal)));
  }
  return { ...report, waiting: [...report.waiting.values()], unreadable: [...report.unreadable] };
}

type Draft = {
  readonly recovered: string[];
  readonly gaveUp: string[];
  readonly waiting: Map<string, SweepReport['waiting'][number]>;
  readonly unreadable: Set<string>;
};

/** All that is due: the claims that have ended are recovered on the way, what is parked is given back. */
async function due({ context, known }: SweeperParts, report: Draft, signal: AbortSignal | undefined) {
  const work = context.store.collection(workRecords);
  const found: Entry<WorkRecord>[] = [];
  let { time } = await work.list({ dueBefore: 0, limit: 1, signal });
  const dueBefore = time;
  for (let after: string | undefined, more = true; more; ) {
    const page = await work.list({ dueBefore, limit: pageSize, after, signal });
    found.push(...page.entries);
    time = page.time;
    after = page.next;
    more = after !== undefined;
  }
  const parked: Parked[] = [];
  for (const entry of found) {
    if (!entry.readable) {
      report.unreadable.add(entry.key);
      continue;
    }
    const record = entry.value;
    if (record.lease !== null) {
      if (record.lease.until > time) continue;
      const dead = { key: record.key, runId: record.lease.runId, reason: 'stale_heartbeat' } as const;
      if (await recoverRun(context, dead, signal ?? new AbortController().signal))
        report.recovered.push(record.key);
      continue;
    }
    if (record.parked === null) continue;
    const processor = known.all.find(({ definition }) => definition.name === record.processor);
    if (processor === undefined) {
      report.waiting.set(record.key, {
        key: record.key,
        reason: `no processor ${record.processor} here`,
        missing: [],
      });
      continue;
    }
    parked.push({ record: { ...record, parked: record.parked }, version: entry.version, processor });
  }
  return { parked, time };
}

async function giveUpLate(
  { context }: SweeperParts,
  parked: readonly Parked[],
  time: number,
  report: Draft,
  signal: AbortSignal | undefined,
): Promise<readonly Parked[]> {
  const work = context.store.collection(workRecords);
  const left: Parked[] = [];
  for (const item of parked) {
    const { record, version } = item;
    if (time < record.parked.giveUpAt) {
      left.push(item);
      continue;
    }
    const gaveUp = { at: new Date(context.clock.wallNow()).toISOString(), reason: record.parked.reason };
    if (await writeWork(work, { version }, { ...record, parked: null, gaveUp }, time, signal)) {
      report.gaveUp.push(record.key);
      context.logger.error(`gave up ${record.key}: ${record.parked.reason} since it was parked`, {
        key: record.key,
        missing: record.parked.missing,
      });
    }
  }
  return left;
}

/** Those whose upstream is ready, and those that only waited for their time; the others keep waiting, with what they lack. */
async function readyOf(
  { context }: SweeperParts,
  parked: readonly Parked[],
  report: Draft,
  signal: AbortSignal | undefined,
): Promise<readonly Parked[]> {
  const waiting = parked.filter(({ record }) => record.parked.wake === 'upstream');
  const answers =
    waiting.length === 0
      ? new Map<string, UpstreamAnswer>()
      : await context.upstream.ask(
          waiting.map(({ record, processor }) => ({
            key: record.key,
            date: record.date,
            checks: processor.upstream(record.options),
          })),
          { signal },
        );
  const ready: Parked[] = [];
  for (const item of parked) {
    const { key, parked: why } = item.record;
    const answer = answers.get(key);
    const woken =
      why.wake === 'time' ||
      answer?.status === 'ready' ||
      (answer?.status === 'not_ready' && answer.reason === 'no_games');
    if (woken) {
      ready.push(item);
      report.waiting.delete(key);
      continue;
    }
    const missing = answer?.status === 'not_ready' ? answer.missing : why.missing;
    report.waiting.set(key, {
      key,
      reason: answer?.status === 'not_ready' ? 'upstream_not_ready' : 'upstream_unknown',
      missing,
    });
    await noteMissing(context, item, missing, signal);
  }
  return ready;
}

/** Writes what is missing only when that has changed: waiting costs the store nothing. */
async function noteMissing(
  context: Context,
  item: Parked,
  missing: readonly string[],
  signal: AbortSignal | undefined,
) {
  const { record, version } = item;
  if (record.parked.missing.join('\n') === missing.join('\n')) return;
  const work = context.store.collection(workRecords);
  const { entry, time } = await work.get(record.key, { signal });
  if (readable(record.key, entry)?.version !== version) return;
  await writeWork(
    work,
    entry,
    { ...record, parked: { ...record.parked, missing: [...missing] } },
    time,
    signal,
  );
}

/** Starts runs level by level, a bounded number at once, each after a small delay by chance. */
async function start(
  { context, dispatch, concurrency }: SweeperParts,
  ready: readonly Parked[],
  signal: AbortSignal | undefined,
) {
  const results: RunResult[] = [];
  const levels = dependencyLevels(ready, ({ record, processor }) => ({
    output: record.key,
    needs: processor
      .upstream(record.options)
      .flatMap(({ output }) => (output === undefined ? [] : [`${output}/${record.date}`])),
  }));
  for (const level of levels) {
    const queue = [...level];
    const worker = async () => {
      for (let next = queue.shift(); next !== undefined && !signal?.aborted; next = queue.shift()) {
        await sleep(context.clock, context.random() * startJitter, signal);
        results.push(
          ...(await dispatch(next.record.processor, next.record.options, { trigger: 'sweep', signal })),
        );
      }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, level.length) }, worker));
  }
  return results;
}
