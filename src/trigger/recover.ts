import type { Context } from '../context/index.ts';
import { type DeadReason, readable, recordDead, writeWork } from '../processor/index.ts';
import { type WorkRecord, workRecords } from '../store/index.ts';

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
  const work = context.store.collection(workRecords);
  const recovered: (Holder & { readonly reason: DeadReason })[] = [];
  for (let after: string | undefined, more = true; more; ) {
    const page = await work.list({ limit: 500, after, signal });
    for (const entry of page.entries) {
      if (!entry.readable || entry.value.lease === null) continue;
      const { runId, holder } = entry.value.lease;
      const held: Holder = { key: entry.key, runId, instance: holder };
      const reason = verdict(held);
      if (reason !== undefined && (await recoverRun(context, { ...held, reason }, signal)))
        recovered.push({ ...held, reason });
    }
    after = page.next;
    more = after !== undefined;
  }
  return recovered;
}

/**
 * Records a run that ended without a word, and parks its key to be started again, at once. By run id: a key that
 * another run has taken meanwhile is left alone.
 *
 * @returns Whether this call was the one that recovered it.
 */
export async function recoverRun(
  context: Context,
  dead: { readonly key: string; readonly runId: string; readonly reason: DeadReason },
  signal: AbortSignal,
): Promise<boolean> {
  const work = context.store.collection(workRecords);
  // The record first: should this process die between the two writes, the claim is still there to be found.
  await recordDead(context, dead.runId, dead.reason, signal);
  const { entry, time } = await work.get(dead.key, { signal });
  const record = readable(dead.key, entry)?.value;
  if (record?.lease?.runId !== dead.runId) return false;
  return writeWork(
    work,
    entry,
    { ...record, lease: null, parked: parkedDead(context, record, time, dead.reason) },
    time,
    signal,
  );
}

function parkedDead(
  context: Context,
  record: WorkRecord,
  time: number,
  reason: DeadReason,
): WorkRecord['parked'] {
  const since = record.parked?.since ?? time;
  return {
    since,
    reason,
    missing: [],
    attempts: record.lease?.attempt ?? 1,
    nextLook: time,
    giveUpAt: record.parked?.giveUpAt ?? since + context.config.parking.giveUpAfter,
    wake: 'time',
    detail: `run ${record.lease?.runId} ended without a word`,
  };
}
