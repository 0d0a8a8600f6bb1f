import type { Context } from '../context/index.ts';
import type { RunHealth } from '../heartbeat/index.ts';
import {
  type DeadReason,
  type DeadRun,
  type HeldWork,
  isHeld,
  parkedAgain,
  recordDead,
  updateWork,
} from '../processor/index.ts';
import { type RunRecord, type WorkRecord, workRecords } from '../store/index.ts';
import { withBoundedStore } from './bounded-store.ts';
import { entriesOf } from './entries.ts';
import { pauseBefore } from './parking.ts';

/** Who held a claim: what a verdict on it is made from. */
export interface Holder {
  readonly key: string;
  readonly runId: string;
  /** The `config.instance` of the process that claimed. */
  readonly instance: string;
}

/**
 * Recovers the runs of processes that are known to be gone, without waiting for their claims to end. For one machine at
 * its start; elsewhere nobody can know, and the sweep recovers what has expired.
 *
 * @param verdict Why a holder's run is dead, or undefined where it may live.
 * @returns The runs that were recovered.
 */
export async function recoverHolders(
  context: Context,
  verdict: (holder: Holder) => DeadReason | undefined,
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly (Holder & { readonly reason: DeadReason })[]> {
  const work = withBoundedStore(context).store.collection(workRecords);
  const recovered: (Holder & { readonly reason: DeadReason })[] = [];
  for await (const { entry } of entriesOf(work, { signal })) {
    if (!entry.readable || entry.value.lease === null) continue;
    const { runId, holder } = entry.value.lease;
    const held: Holder = { key: entry.key, runId, instance: holder };
    const reason = verdict(held);
    if (reason !== undefined && (await recoverRun(context, { ...held, reason }, signal)))
      recovered.push({ ...held, reason });
  }
  return recovered;
}

/**
 * Recovers the runs that the monitor calls dead, and no others: a run is known by its id and its fence, so that one that has
 * taken the key meanwhile is left alone. For runs whose claims last longer than their silence.
 *
 * @param runs What `readHealth` found.
 * @returns The runs that were recovered.
 */
export async function recoverDead(
  context: Context,
  runs: readonly RunHealth[],
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly { readonly key: string; readonly runId: string }[]> {
  const recovered: { readonly key: string; readonly runId: string }[] = [];
  for (const { health, beat } of runs) {
    if (health !== 'dead') continue;
    const { key, runId, fence } = beat;
    if (await recoverRun(context, { key, runId, fence, reason: 'stale_heartbeat' }, signal))
      recovered.push({ key, runId });
  }
  return recovered;
}

/**
 * Records a run that ended without a word, and parks its key to be started again: at once after the first time, later after
 * more, and not at all after as many as give a run up, or where an operator has cancelled it. By run id: a key that another run has
 * taken meanwhile is left alone.
 *
 * @returns `dead`; or `done`, when the run had succeeded and only its claim was left: its work is not done again. Undefined if
 * there was no such claim any more.
 */
export async function recoverRun(
  given: Context,
  dead: DeadRun & { readonly key: string },
  signal: AbortSignal,
): Promise<'dead' | 'done' | undefined> {
  const context = withBoundedStore(given);
  const heldByIt = (record: WorkRecord | undefined) =>
    record !== undefined &&
    isHeld(record) &&
    record.lease.runId === dead.runId &&
    (dead.fence === undefined || dead.fence === record.fence)
      ? record
      : undefined;
  const { entry } = await context.store.collection(workRecords).get(dead.key, { signal });
  const claimed = heldByIt(entry?.readable ? entry.value : undefined);
  // The record first: should this process die between the two writes, the claim is still there to be found.
  const run = await recordDead(context, dead, claimed, signal);
  const isDone = run?.status === 'succeeded';
  const isGivenBack = await updateWork(
    context.store,
    dead.key,
    (record, time) => {
      const held = heldByIt(record);
      if (held === undefined) return undefined;
      return isDone ? settled(held, run, time) : buried(context, held, time, dead.reason);
    },
    signal,
  );
  if (!isGivenBack) return undefined;
  return isDone ? 'done' : 'dead';
}

function settled(
  record: HeldWork,
  { runId, endedAt, fingerprint, rows }: RunRecord,
  time: number,
): WorkRecord {
  const parked = record.lease.again ? parkedAgain(record, time) : null;
  // Where only a heartbeat told, what the success was made of is not known: the next trigger does the work again.
  const done =
    fingerprint === null || endedAt === null ? null : { runId, at: endedAt, fingerprint, rows: rows ?? 0 };
  return { ...record, lease: null, done, gaveUp: null, parked };
}

function buried(context: Context, record: HeldWork, time: number, reason: DeadReason): WorkRecord {
  const { lease, ...rest } = record;
  const ended = { ...rest, lease: null, ...leftBy(context, record, time, reason) };
  // A trigger that came while the run was at work is not lost with it.
  return lease.again && ended.parked === null ? { ...ended, parked: parkedAgain(ended, time) } : ended;
}

/** What a run that died leaves to be done. */
function leftBy(
  { config, clock }: Context,
  { lease, parked, gaveUp }: HeldWork,
  time: number,
  reason: DeadReason,
): Pick<WorkRecord, 'parked' | 'gaveUp'> {
  if (lease.cancel) return { parked: null, gaveUp };
  const { attempt: attempts, runId } = lease;
  if (attempts >= config.parking.attempts)
    return { parked: null, gaveUp: { at: new Date(clock.wallNow()).toISOString(), reason } };
  const since = parked?.since ?? time;
  return {
    gaveUp,
    parked: {
      since,
      reason,
      missing: [],
      attempts,
      nextLook: attempts === 1 ? time : time + pauseBefore(attempts - 1, config),
      giveUpAt: parked?.giveUpAt ?? since + config.parking.giveUpAfter,
      wake: 'time',
      startAt: null,
      wasNotReady: false,
      updated: false,
      looks: parked?.looks ?? [],
      detail: `run ${runId} ended without a word`,
    },
  };
}
