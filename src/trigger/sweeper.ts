import type { Context } from '../context/index.ts';
import { ConfigurationError } from '../errors/index.ts';
import { processorCircuit, type RunResult } from '../processor/index.ts';
import {
  controlRecords,
  type Entry,
  isPause,
  type ParkedWork,
  type WorkRecord,
  workRecords,
} from '../store/index.ts';
import { sleep } from '../time/index.ts';
import type { UpstreamCheck } from '../upstream/index.ts';
import { dependencyLevels } from './dependency-order.ts';
import type { Dispatcher } from './dispatcher.ts';
import { entriesOf } from './entries.ts';
import { giveUp } from './give-up.ts';
import type { Places } from './places.ts';
import { readyOf } from './readiness.ts';
import { recoverRun } from './recover.ts';
import type { RegisteredProcessor, Registry } from './registry.ts';
import { SweepDraft, type SweepReport } from './sweep-report.ts';

export interface SweepCall {
  readonly signal?: AbortSignal | undefined;
  /** Monotonic milliseconds by which the runs that it starts must have ended. Default: none. */
  readonly deadline?: number | undefined;
}

export interface SweeperParts {
  readonly context: Context;
  readonly known: Registry;
  /** Starts one that is ready. */
  readonly start: (record: WorkRecord, call: SweepCall) => ReturnType<Dispatcher['dispatch']>;
  readonly on: (result: RunResult) => void;
  /** Those of all sweeps of this process. */
  readonly places: Places;
  /** Those of the runs at work that the monitor calls dead. */
  readonly silent: (atWork: readonly WorkRecord[]) => Promise<readonly WorkRecord[]>;
  /** Keys that a sweep of this process has found ready and not done with: no other one takes them up. */
  readonly inHand: Set<string>;
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
// A run with less time than this before it need not begin.
const leastTime = 1_000;

/**
 * Looks at all that is due, once, and does what is ready; then looks for what that made ready, and so on.
 *
 * @param inTurn Has one look at a time.
 */
export async function sweepOnce(
  parts: SweeperParts,
  call: SweepCall,
  inTurn: <T>(look: () => Promise<T>) => Promise<T>,
): Promise<SweepReport> {
  const { signal } = call;
  const draft = new SweepDraft();
  const started = new Set<string>();
  for (let round = 0; round < mostRounds && !signal?.aborted; round++) {
    const before = draft.recovered.length;
    const ready = await inTurn(async () => {
      const { parked, time } = await due(parts, draft, signal);
      const fresh = parked.filter(({ record: { key } }) => !started.has(key));
      const found = await readyOf(parts, fresh, { time, draft, signal });
      for (const { record } of found) {
        started.add(record.key);
        parts.inHand.add(record.key);
        draft.starts(record.key);
      }
      return found;
    });
    await start(parts, ready, draft, call);
    if (ready.length === 0 && draft.recovered.length === before) break;
  }
  return draft.report;
}

/** All that is due: claims that have ended, or whose runs have died, are recovered on the way; what is parked is given back. */
async function due(parts: SweeperParts, draft: SweepDraft, signal: AbortSignal | undefined) {
  const { context } = parts;
  const work = context.store.collection(workRecords);
  const found: Entry<WorkRecord>[] = [];
  let now = 0;
  // Only what is parked or at work has a due time: what is not due yet is told of too, and one list is enough.
  for await (const { entry, time } of entriesOf(work, { dueBefore: Number.MAX_SAFE_INTEGER, signal })) {
    now ||= time;
    found.push(entry);
  }
  const looks = found.map((entry) => (entry.readable ? (entry.value.parked?.nextLook ?? now) : now));
  const wait = Math.max(0, ...looks.map((look) => look - now).filter((wait) => wait <= soon));
  if (wait > 0) await sleep(context.clock, wait, signal);
  const time = now + wait;
  const paused = found.length > 0 ? await pausedProcessors(context, signal) : new Set<string>();
  const parked: Parked[] = [];
  const atWork: WorkRecord[] = [];
  for (const entry of found) {
    if (!entry.readable) {
      draft.cannotRead(entry.key);
      continue;
    }
    const record = entry.value;
    if (record.lease !== null) {
      if (record.lease.until > time) atWork.push(record);
      else await recover(parts, record, draft, signal);
      continue;
    }
    if (record.parked === null) continue;
    if (record.parked.nextLook > time || parts.inHand.has(record.key)) {
      draft.isNotDue(record.key, record.parked.reason, record.parked.missing);
      continue;
    }
    const processor = parts.known.find(record.processor);
    if (processor === undefined) draft.waits(record.key, `no processor ${record.processor} here`);
    else if (paused.has(record.processor)) draft.waits(record.key, 'disabled', record.parked.missing);
    else parked.push({ record: { ...record, parked: record.parked }, processor });
  }
  for (const record of await parts.silent(atWork)) await recover(parts, record, draft, signal);
  return { parked, time };
}

/** Whose run has ended without a word. */
async function recover(
  { context, known }: SweeperParts,
  { key, processor, fence, lease }: WorkRecord,
  draft: SweepDraft,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (lease === null) return;
  const dead = { key, runId: lease.runId, fence, reason: 'stale_heartbeat' } as const;
  const recovered = await recoverRun(context, dead, signal ?? new AbortController().signal);
  if (recovered === undefined) return;
  draft.recovered.push(key);
  // A run that died is a failed one: instances that do one run and die must add up.
  const definition = known.find(processor)?.definition;
  if (recovered === 'dead' && definition)
    await processorCircuit(context, { definition, key }).count('failure');
}

async function pausedProcessors(
  { store }: Context,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> {
  const paused = new Set<string>();
  for await (const { entry } of entriesOf(store.collection(controlRecords), { signal }))
    if (isPause(entry)) paused.add(entry.key);
  return paused;
}

/** Starts each run once those that it needs have ended, a bounded number at once, each after a small delay by chance. */
async function start(
  parts: SweeperParts,
  ready: readonly Parked[],
  draft: SweepDraft,
  call: SweepCall,
): Promise<void> {
  const { inHand, places } = parts;
  const ended = new Map<string, Promise<void>>();
  const begun = orderOf(parts, ready).map(({ item, needs }) => {
    const { key } = item.record;
    // Those that are needed come first in the order.
    const needed = needs.map((need) => ended.get(need));
    const run = Promise.all(needed)
      .then(() => places.take(() => startOne(parts, item, draft, call)))
      .finally(() => inHand.delete(key));
    // One that could not be started holds up nobody else.
    ended.set(
      key,
      run.catch(() => {}),
    );
    return run;
  });
  const failed = (await Promise.allSettled(begun)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

async function startOne(
  { context, start, on }: SweeperParts,
  { record, processor }: Parked,
  draft: SweepDraft,
  call: SweepCall,
): Promise<void> {
  const { clock } = context;
  const { signal, deadline = Infinity } = call;
  const delay = context.random() * startJitter;
  if (signal?.aborted || clock.now() + delay + leastTime > deadline) {
    // It is parked as it was: the next sweep has it.
    draft.waits(record.key, record.parked.reason, record.parked.missing);
    return;
  }
  await sleep(clock, delay, signal);
  try {
    draft.results.push(...(await start(record, call)));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    // Options that this release does not take will not become right by waiting.
    const failure = await giveUp(context, processor, record, error.message, signal);
    if (failure === undefined) return;
    draft.gaveUp.push(record.key);
    on(failure);
  }
}

/** Those that are ready with the keys that each must wait for, which come before it. */
function orderOf(
  { context }: SweeperParts,
  ready: readonly Parked[],
): readonly { readonly item: Parked; readonly needs: readonly string[] }[] {
  const items = ready.map((item) => ({ item, needs: neededOf(item, ready) }));
  try {
    return dependencyLevels(items, ({ item, needs }) => ({ output: item.record.key, needs })).flat();
  } catch (error) {
    context.logger.error('outputs wait for each other: they are started in no order', { error });
    return items.map(({ item }) => ({ item, needs: [] }));
  }
}

/** The keys, of those that are ready too, whose output the checks of this one read. */
function neededOf({ record, processor }: Parked, ready: readonly Parked[]): string[] {
  const checks = checksOf(processor, record);
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

function checksOf(processor: RegisteredProcessor, { options }: WorkRecord): readonly UpstreamCheck[] {
  try {
    return processor.upstream(options);
  } catch {
    // Its start will say so.
    return [];
  }
}
