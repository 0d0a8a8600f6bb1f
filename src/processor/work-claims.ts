import { LostLeaseError, PreconditionError, StoreUnavailableError } from '../errors/index.ts';
import { canonicalJson } from './canonical-json.ts';
import {
  type Collection,
  nextFence,
  type ParkedWork,
  type ReadableEntry,
  retention,
  type Store,
  type WorkRecord,
  workRecords,
} from '../store/index.ts';

/** Who claims what, and for how long. */
export interface ClaimRequest {
  readonly key: string;
  readonly processor: string;
  readonly date: string;
  readonly options: WorkRecord['options'];
  readonly runId: string;
  readonly holder: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Milliseconds that the claim lasts; it is not renewed. */
  readonly duration: number;
  /**
   * Leaves work that waits for its upstream to wait, unless the look at it is late by so many milliseconds: then nobody sweeps.
   * Default: it is claimed.
   */
  readonly yields?: number | undefined;
  /** The message that asks for the run, if one does: delivered twice it starts one run. */
  readonly cause?: string | undefined;
  /**
   * Records a run as dead whose claim had ended without an end of its own, before the key is taken from it: were it the other
   * way round, whoever dies between the two would leave a run that nobody can find any more.
   */
  readonly recordDead: (runId: string) => Promise<void>;
}

export type ClaimResult =
  | {
      readonly claimed: true;
      readonly fence: number;
      readonly attempt: number;
      readonly previousFingerprint: string | undefined;
    }
  /** A live run has the key, and was told to go `again`; or the same work waits for its upstream, which was asked just now. */
  | {
      readonly claimed: false;
      readonly waitsFor: readonly string[] | undefined;
      /** The same message has had its run: nothing was told to anybody. */
      readonly isDone?: boolean | undefined;
    };

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

const mostTries = 20;

/**
 * Takes the key for one run: parked → claimed is one compare-and-set, and so is "a run is at work, go again".
 *
 * @throws StoreUnavailableError when the record keeps changing, or is one that this release can't read.
 */
export async function claim(store: Store, request: ClaimRequest, signal?: AbortSignal): Promise<ClaimResult> {
  const work = store.collection(workRecords);
  for (let attempt = 0; attempt < mostTries; attempt++) {
    const { entry, time } = await work.get(request.key, { signal });
    const current = readable(request.key, entry)?.value;
    const lease = current?.lease ?? null;
    // A claim of ours that landed though its answer was lost is ours.
    const adopted = lease !== null && lease.runId === request.runId;
    const { cause } = request;
    if (cause !== undefined && !adopted && current?.causes.includes(cause))
      return { claimed: false, waitsFor: undefined, isDone: lease === null };
    if (lease !== null && !adopted && lease.until > time) {
      if (
        lease.again ||
        (await write(
          work,
          entry,
          { ...(current as WorkRecord), lease: { ...lease, again: true }, causes: withCause(current, cause) },
          time,
          signal,
        ))
      ) {
        return { claimed: false, waitsFor: undefined };
      }
      continue;
    }
    if (
      request.yields !== undefined &&
      lease === null &&
      current !== undefined &&
      isWaiting(current, request, time)
    )
      return { claimed: false, waitsFor: current.parked?.missing ?? [] };
    const fence = adopted ? (current as WorkRecord).fence : nextFence(current?.fence ?? 0, time);
    const tries = (current?.parked?.attempts ?? 0) + 1;
    const won: ClaimResult = {
      claimed: true,
      fence,
      attempt: adopted ? lease.attempt : tries,
      previousFingerprint: current?.done?.fingerprint,
    };
    if (adopted) return won;
    if (lease !== null) await request.recordDead(lease.runId);
    const { key, processor, date, options, runId, holder, startedAt, duration } = request;
    const next: WorkRecord = {
      key,
      processor,
      date,
      options,
      fence,
      lease: {
        runId,
        holder,
        until: time + duration,
        again: false,
        cancel: false,
        startedAt,
        attempt: tries,
      },
      parked: current?.parked ?? null,
      done: current?.done ?? null,
      gaveUp: current?.gaveUp ?? null,
      causes: withCause(current, cause),
    };
    if (await write(work, entry, next, time, signal)) return won;
  }
  throw new StoreUnavailableError(
    `The record of ${request.key} changed ${mostTries} times while it was being claimed`,
  );
}

const mostCauses = 20;

function withCause(current: WorkRecord | undefined, cause: string | undefined): string[] {
  const causes = current?.causes ?? [];
  return cause === undefined ? causes : [...causes, cause].slice(-mostCauses);
}

/** The trigger adds nothing to what is parked: the same work, whose upstream is asked once an interval as it is. */
function isWaiting({ parked, processor, options }: WorkRecord, request: ClaimRequest, time: number): boolean {
  return (
    parked !== null &&
    parked.wake === 'upstream' &&
    parked.nextLook + (request.yields ?? 0) > time &&
    processor === request.processor &&
    canonicalJson(options) === canonicalJson(request.options)
  );
}

/**
 * Gives the key back and settles what is left to do, in one write. A trigger that came meanwhile (`again`) parks the
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
  const { settlement, at } = request;
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

/** The key as a trigger that came while a run was at work leaves it: to be looked at at once. */
export function parkedAgain(record: WorkRecord, time: number): WorkRecord['parked'] {
  const parked = record.parked;
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

/** The last two looks at upstream, with one of this moment. */
export function lastLooks(parked: ParkedWork | null, time: number): number[] {
  return [...(parked?.looks ?? []), time].slice(-2);
}

const mostMissing = 200;
const longestLine = 1_000;

/** What is missing, as a record with a bound in size can hold it. */
export function shortened(missing: readonly string[]): string[] {
  return missing.slice(0, mostMissing).map((line) => line.slice(0, longestLine));
}

/**
 * Changes a key's record by compare-and-set, again and again until nobody comes between.
 *
 * @param change The record as it should be, or undefined to leave it as it is.
 * @returns Whether it was changed.
 * @throws StoreUnavailableError when the record keeps changing.
 */
export async function updateWork(
  store: Store,
  key: string,
  change: (record: WorkRecord, time: number) => WorkRecord | undefined,
  signal?: AbortSignal,
): Promise<boolean> {
  const work = store.collection(workRecords);
  for (let attempt = 0; attempt < mostTries; attempt++) {
    const { entry, time } = await work.get(key, { signal });
    const current = readable(key, entry)?.value;
    const next = current && change(current, time);
    if (next === undefined) return false;
    if (await write(work, entry, next, time, signal)) return true;
  }
  throw new StoreUnavailableError(
    `The record of ${key} changed ${mostTries} times while it was being changed`,
  );
}

/** Writes the record with the time at which somebody should look at it, and with its expiry. */
export async function write(
  work: Collection<WorkRecord>,
  entry: { readonly version: string } | undefined,
  record: WorkRecord,
  time: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const looks = [record.lease?.until, record.parked?.nextLook].filter((at) => at !== undefined);
  const result = await work.put(record.key, record, {
    ifVersion: entry?.version,
    due: looks.length === 0 ? undefined : Math.min(...looks),
    expires: retention.workExpires(record, time),
    signal,
  });
  return result.ok;
}

/** The entry if this release can read it. @throws PreconditionError if it can't: it is left for the code that can. */
export function readable<T>(
  key: string,
  entry: Awaited<ReturnType<Collection<T>['get']>>['entry'],
): ReadableEntry<T> | undefined {
  if (entry === undefined || entry.readable) return entry;
  throw new PreconditionError(
    `The record of ${key} can't be read (${entry.why}: ${entry.detail}); it is left as it is`,
  );
}
