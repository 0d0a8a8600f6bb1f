import { lastLooks, processorCircuit, shortened, updateWork } from '../processor/index.ts';
import type { ParkedWork, WorkRecord } from '../store/index.ts';
import type { UpstreamAnswer, UpstreamCheck, UpstreamRequest } from '../upstream/index.ts';
import { giveUp } from './give-up.ts';
import { inParallel } from './in-parallel.ts';
import type { Parked, SweeperParts } from './sweeper.ts';
import type { SweepDraft } from './sweep-report.ts';

/** One look at all that is due. */
export interface Look {
  /** The store's, when what is due was listed. */
  readonly time: number;
  readonly draft: SweepDraft;
  readonly signal: AbortSignal | undefined;
}

/**
 * Those whose upstream is ready, and those that only waited for their time; the others keep waiting, with what they lack, or are
 * given up: by what this look has found, so that nothing is whose data is there. Time ends the waiting for upstream alone: what has
 * begun to fail has its attempts, and what was paused was not to blame.
 *
 * Who asks takes the look first: of several processes that sweep at the same time one asks for a key.
 */
export async function readyOf(
  parts: SweeperParts,
  parked: readonly Parked[],
  look: Look,
): Promise<readonly Parked[]> {
  const { context } = parts;
  const { time, signal } = look;
  const ready = parked.filter(({ record }) => isTime(record.parked, time));
  const asking: { readonly item: Parked; readonly request: UpstreamRequest }[] = [];
  await inParallel(
    parked.filter(({ record }) => !isTime(record.parked, time)),
    10,
    async (item) => {
      if (!(await takeLook(parts, item, time, signal))) return;
      const { key, date, parked: why } = item.record;
      const checks = checksOf(parts, item);
      if (checks === undefined) await waitOrGiveUp(parts, item, undefined, look);
      else asking.push({ item, request: { key, date, checks, anew: why.updated ? 'updated' : 'due' } });
    },
  );
  const answers =
    asking.length === 0
      ? new Map<string, UpstreamAnswer>()
      : await context.upstream.ask(
          asking.map(({ request }) => request),
          { signal },
        );
  for (const { item } of asking) {
    const answer = answers.get(item.record.key);
    if (await isWoken(parts, item, answer, signal)) ready.push(item);
    else await waitOrGiveUp(parts, item, answer, look);
  }
  return ready;
}

function isTime({ wake, startAt }: ParkedWork, time: number): boolean {
  return wake === 'time' || (wake === 'circuit' && startAt !== null && startAt <= time);
}

function checksOf(
  { context }: SweeperParts,
  { record, processor }: Parked,
): readonly UpstreamCheck[] | undefined {
  try {
    return processor.upstream(record.options);
  } catch (error) {
    // One bad record must not keep the others from being looked at.
    context.logger.error(`the checks of ${record.key} can't be made from its options`, {
      key: record.key,
      error,
    });
    return undefined;
  }
}

async function takeLook(
  { context }: SweeperParts,
  { record }: Parked,
  time: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { lookEvery } = context.config.parking;
  return updateWork(
    context.store,
    record.key,
    (current, now) => {
      if (!isStill(current, record) || current.parked.nextLook !== record.parked.nextLook) return undefined;
      const nextLook = Math.min(time + lookEvery, current.parked.startAt ?? Infinity);
      const looks = lastLooks(current.parked, now);
      return { ...current, parked: { ...current.parked, nextLook, looks, updated: false } };
    },
    signal,
  );
}

/** An open circuit goes half-open as soon as its checks turn from not ready to ready. */
async function isWoken(
  { context }: SweeperParts,
  { record, processor }: Parked,
  answer: UpstreamAnswer | undefined,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { key, parked } = record;
  const isReady =
    answer?.status === 'ready' || (answer?.status === 'not_ready' && answer.reason === 'no_games');
  if (parked.wake !== 'circuit') return isReady;
  if (isReady && parked.wasNotReady) {
    await processorCircuit(context, { definition: processor.definition, key }).ready();
    return true;
  }
  if (answer?.status === 'not_ready' && !parked.wasNotReady) {
    const change = (current: WorkRecord): WorkRecord | undefined =>
      isStill(current, record) ? { ...current, parked: { ...current.parked, wasNotReady: true } } : undefined;
    await updateWork(context.store, key, change, signal);
  }
  return false;
}

async function waitOrGiveUp(
  { context, on }: SweeperParts,
  { record, processor }: Parked,
  answer: UpstreamAnswer | undefined,
  { time, draft, signal }: Look,
): Promise<void> {
  const { key, parked } = record;
  const missing = answer?.status === 'not_ready' ? shortened(answer.missing) : parked.missing;
  if (parked.wake === 'upstream' && time >= parked.giveUpAt) {
    // What gets new rows during this look is not given up.
    const looked = { ...record, parked: { ...parked, missing: [...missing], updated: false } };
    const failure = await giveUp(context, processor, looked, parked.reason, signal);
    if (failure === undefined) return;
    draft.gaveUp.push(key);
    on(failure);
    return;
  }
  if (parked.wake === 'circuit') draft.waits(key, 'circuit_open', missing);
  else draft.waits(key, answer?.status === 'not_ready' ? 'upstream_not_ready' : 'upstream_unknown', missing);
  // Written only when it has changed.
  if (parked.missing.join('\n') === missing.join('\n')) return;
  const change = (current: WorkRecord): WorkRecord | undefined =>
    isStill(current, record)
      ? { ...current, parked: { ...current.parked, missing: [...missing] } }
      : undefined;
  await updateWork(context.store, key, change, signal);
}

/** The same parked work as was listed: nobody has started it, given it up or parked it anew. */
function isStill(
  current: WorkRecord,
  { parked }: Parked['record'],
): current is WorkRecord & { readonly parked: ParkedWork } {
  return (
    current.lease === null &&
    current.parked?.since === parked.since &&
    current.parked.reason === parked.reason
  );
}
