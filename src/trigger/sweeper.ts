import type { Context } from '../context/index.ts';
import { ConfigurationError } from '../errors/index.ts';
import { processorCircuit, type RunResult } from '../processor/index.ts';
import { controlRecords, type Entry, type ParkedWork, type WorkRecord, workRecords } from '../store/index.ts';
import { sleep } from '../time/index.ts';
import { dependencyLevels } from './dependency-order.ts';
import type { Dispatcher } from './dispatcher.ts';
import { entriesOf } from './entries.ts';
import { giveUp } from './give-up.ts';
import { inParallel } from './in-parallel.ts';
import { readyOf } from './readiness.ts';
import { recoverRun } from './recover.ts';
import type { RegisteredProcessor, Registry } from './registry.ts';
import { SweepDraft, type SweepReport } from './sweep-report.ts';

export interface SweeperParts {
  readonly context: Context;
  readonly known: Registry;
  /** Starts one that is ready. */
  readonly start: (record: WorkRecord, signal: AbortSignal | undefined) => ReturnType<Dispatcher['dispatch']>;
  readonly on: (result: RunResult) => void;
  readonly concurrency: number;
}

/** Work that waits, and who would do it. */
export interface Parked {
  readonly record: WorkRecord & { readonly parked: ParkedWork };
  readonly processor: RegisteredProcessor;
}

// One sweep starts what is ready, then what that made ready, and so on; longer chains go on at the next sweep.
const mostRounds = 10;
const startJitter = 1_000;
// What is due so soon is waited for: it would otherwise be late by the time between two sweeps.
const soon = 10_000;

/** Looks at all that is due, once. */
export async function sweepOnce(parts: SweeperParts, signal: AbortSignal | undefined): Promise<SweepReport> {
  const draft = new SweepDraft();
  const started = new Set<string>();
  for (let round = 0; round < mostRounds && !signal?.aborted; round++) {
    const before = draft.recovered.length;
    const { parked, time } = await due(parts, draft, signal);
    const fresh = parked.filter(({ record }) => !started.has(record.key));
    const inTime = await giveUpLate(parts, fresh, time, draft, signal);
    const ready = await readyOf(parts, inTime, time, draft, signal);
    for (const { record } of ready) {
      started.add(record.key);
      draft.starts(record.key);
    }
    await start(parts, ready, draft, signal);
    if (ready.length === 0 && draft.recovered.length === before) break;
  }
  return draft.report;
}

/** All that is due: the claims that have ended are recovered on the way, what is parked is given back. */
async function due(parts: SweeperParts, draft: SweepDraft, signal: AbortSignal | undefined) {
  const { context } = parts;
  const work = context.store.collection(workRecords);
  const { time: now } = await work.list({ dueBefore: 0, limit: 1, signal });
  const found: Entry<WorkRecord>[] = [];
  // Only what is parked or at work has a due time: what is not due yet is told of too.
  for await (const { entry } of entriesOf(work, { dueBefore: Number.MAX_SAFE_INTEGER, signal }))
    found.push(entry);
  const looks = found.map((entry) => (entry.readable ? (entry.value.parked?.nextLook ?? now) : now));
  const wait = Math.max(0, ...looks.map((look) => look - now).filter((wait) => wait <= soon));
  if (wait > 0) await sleep(context.clock, wait, signal);
  const time = now + wait;
  const paused = found.length > 0 ? await pausedProcessors(context, signal) : new Set<string>();
  const parked: Parked[] = [];
  for (const entry of found) {
    if (!entry.readable) {
      draft.cannotRead(entry.key);
      continue;
    }
    const record = entry.value;
    if (record.lease !== null) {
      if (record.lease.until > time) continue;
      const dead = { key: record.key, runId: record.lease.runId, reason: 'stale_heartbeat' } as const;
      if (!(await recoverRun(context, dead, signal ?? new AbortController().signal))) continue;
      draft.recovered.push(record.key);
      // A run that died is a failed one: instances that do one run and die must add up.
      const definition = parts.known.find(record.processor)?.definition;
      if (definition) await processorCircuit(context, { definition, key: record.key }).count('failure');
      continue;
    }
    if (record.parked === null) continue;
    if (record.parked.nextLook > time) {
      draft.isNotDue(record.key, record.parked.reason, record.parked.missing);
      continue;
    }
    const processor = parts.known.find(record.processor);
    if (processor === undefined) draft.waits(record.key, `no processor ${record.processor} here`);
    else if (paused.has(record.processor)) draft.waits(record.key, 'disabled', record.parked.missing);
    else parked.push({ record: { ...record, parked: record.parked }, processor });
  }
  return { parked, time };
}

async function pausedProcessors(
  { store }: Context,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> {
  const paused = new Set<string>();
  for await (const { entry } of entriesOf(store.collection(controlRecords), { signal }))
    paused.add(entry.key);
  return paused;
}

async function giveUpLate(
  { context, on }: SweeperParts,
  parked: readonly Parked[],
  time: number,
  draft: SweepDraft,
  signal: AbortSignal | undefined,
): Promise<readonly Parked[]> {
  const late = parked.filter(({ record }) => time >= record.parked.giveUpAt);
  for (const { record, processor } of late) {
    const failure = await giveUp(context, processor, record, record.parked.reason, signal);
    if (failure === undefined) continue;
    draft.gaveUp.push(record.key);
    on(failure);
  }
  return parked.filter(({ record }) => time < record.parked.giveUpAt);
}

/** Starts runs level by level, a bounded number at once, each after a small delay by chance. */
async function start(
  parts: SweeperParts,
  ready: readonly Parked[],
  draft: SweepDraft,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { context, concurrency, on } = parts;
  for (const level of levelsOf(parts, ready)) {
    await inParallel(level, concurrency, async ({ record, processor }) => {
      if (signal?.aborted) return;
      await sleep(context.clock, context.random() * startJitter, signal);
      try {
        draft.results.push(...(await parts.start(record, signal)));
      } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error;
        // Options that this release does not take will not become right by waiting.
        const failure = await giveUp(context, processor, record, error.message, signal);
        if (failure === undefined) return;
        draft.gaveUp.push(record.key);
        on(failure);
      }
    });
  }
}

function levelsOf({ context }: SweeperParts, ready: readonly Parked[]): readonly (readonly Parked[])[] {
  try {
    return dependencyLevels(ready, (item) => ({ output: item.record.key, needs: neededOf(item, ready) }));
  } catch (error) {
    context.logger.error('outputs wait for each other: they are started in no order', { error });
    return [ready];
  }
}

/** The keys, of those that are ready too, whose output the checks of this one read. */
function neededOf({ record, processor }: Parked, ready: readonly Parked[]): string[] {
  const checks = processor.upstream(record.options);
  return ready.flatMap((other) => {
    const { output } = other.processor.definition;
    const reads = checks.some(
      ({ output: needed, plan }) =>
        needed === output &&
        plan.kind !== 'query' &&
        other.record.date >= plan.range.startDate &&
        other.record.date <= plan.range.endDate,
    );
    return reads ? [other.record.key] : [];
  });
}
