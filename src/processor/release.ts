import { LostLeaseError, StoreUnavailableError } from '../errors/index.ts';
import { type ParkedWork, retention, type Store, type WorkRecord, workRecords } from '../store/index.ts';
import { lastLooks, mostTries, readable, shortened, write } from './work-changes.ts';

/** What a run's end leaves in the key's record. */
export type Settlement =
  /** Whatever was parked before stays parked. */
  | 'keep'
  /** Nothing is left to do. */
  | 'clear'
  | {
      readonly park: {
        readonly reason: string;
        readonly missing: readonly string[];
        readonly attempts: number;
        readonly wake: ParkedWork['wake'];
        /** Milliseconds from now. */
        readonly nextLookIn: number;
        /** Milliseconds from now; for `circuit`. */
        readonly startIn?: number | undefined;
        /** Milliseconds from the first parking. */
        readonly giveUpAfter: number;
        readonly detail: string | null;
      };
    }
  | { readonly giveUp: { readonly reason: string } };

export interface ReleaseRequest {
  readonly key: string;
  readonly runId: string;
  /** Of a run that succeeded. */
  readonly done: WorkRecord['done'];
  readonly settlement: Settlement;
  /** ISO 8601. */
  readonly at: string;
}

/**
 * Gives the key back and settles what is left to do, in one write: nothing, where an operator has cancelled it. A trigger that came meanwhile (`again`) parks the
 * key to be looked at once more, at once.
 *
 * @returns Whether such a trigger came.
 * @throws LostLeaseError if the claim is not this run's any more: nothing was written.
 */
export async function release(
  store: Store,
  request: ReleaseRequest,
  signal?: AbortSignal,
): Promise<{ readonly again: boolean }> {
  const work = store.collection(workRecords);
  for (let attempt = 0; attempt < mostTries; attempt++) {
    const { entry, time } = await work.get(request.key, { signal });
    const current = readable(request.key, entry)?.value;
    const lease = current?.lease;
    if (current === undefined || lease === undefined || lease === null || lease.runId !== request.runId) {
      throw new LostLeaseError(`The claim on ${request.key} is not held by run ${request.runId}`);
    }
    const next: WorkRecord = {
      ...current,
      lease: null,
      done: request.done ?? current.done,
      ...settled(current, request, time),
    };
    const again = lease.again;
    if (await write(work, entry, again ? { ...next, parked: parkedAgain(next, time) } : next, time, signal))
      return { again };
  }
  throw new StoreUnavailableError(
    `The record of ${request.key} changed ${mostTries} times while it was being released`,
  );
}

function settled(
  current: WorkRecord,
  request: ReleaseRequest,
  time: number,
): Pick<WorkRecord, 'parked' | 'gaveUp'> {
  const { at } = request;
  // What an operator has cancelled leaves nothing to be done, also where the run did not end by it.
  const settlement = current.lease?.cancel ? 'clear' : request.settlement;
  if (settlement === 'keep') return { parked: current.parked, gaveUp: current.gaveUp };
  if (settlement === 'clear') return { parked: null, gaveUp: null };
  if ('giveUp' in settlement) return { parked: null, gaveUp: { at, reason: settlement.giveUp.reason } };
  const { reason, missing, attempts, wake, nextLookIn, startIn, giveUpAfter, detail } = settlement.park;
  const since = current.parked?.since ?? time;
  const giveUpAt = current.parked?.giveUpAt ?? since + giveUpAfter;
  return {
    parked: {
      since,
      reason,
      missing: shortened(missing),
      attempts,
      nextLook: time + nextLookIn,
      giveUpAt,
      wake,
      startAt: startIn === undefined ? null : time + startIn,
      wasNotReady: false,
      updated: false,
      // The run has just asked.
      looks: wake === 'upstream' ? lastLooks(current.parked, time) : (current.parked?.looks ?? []),
      detail,
    },
    gaveUp: null,
  };
}

/** What a trigger that came while a run was at work leaves to be done: a look at once. */
export function parkedAgain({ parked }: WorkRecord, time: number): ParkedWork {
  return {
    since: parked?.since ?? time,
    reason: 'again',
    missing: [],
    attempts: parked?.attempts ?? 0,
    nextLook: time,
    giveUpAt: parked?.giveUpAt ?? time + retention.parkedAtMost,
    wake: 'upstream',
    startAt: null,
    wasNotReady: false,
    updated: true,
    looks: parked?.looks ?? [],
    detail: 'a trigger came while a run was at work',
  };
}
