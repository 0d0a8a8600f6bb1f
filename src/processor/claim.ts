import { StoreUnavailableError } from '../errors/index.ts';
import { nextFence, type Store, type WorkRecord, workRecords } from '../store/index.ts';
import { canonicalJson } from './canonical-json.ts';
import { type HeldWork, isHeld, mostTries, readable, write } from './work-changes.ts';

/** Who claims what, and for how long. */
export interface ClaimRequest {
  readonly key: string;
  readonly processor: string;
  readonly sport: string;
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
  /** Whether a live run is told to go again for this request. Default: true. */
  readonly again?: boolean | undefined;
  /**
   * Claims only what is parked: it may have been cancelled, or done by others, since it was found so. A claim that has ended is left
   * to recovery. Default: false.
   */
  readonly ifParked?: boolean | undefined;
  /** The message that asks for the run, if one does: delivered twice it starts one run. */
  readonly cause?: string | undefined;
  /**
   * Records a run as dead whose claim had ended without an end of its own, before the key is taken from it: were it the other
   * way round, whoever dies between the two would leave a run that nobody can find any more.
   */
  readonly recordDead: (dead: HeldWork) => Promise<void>;
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
      /** The same message has had its run, or what was parked is not any more: nothing was told to anybody. */
      readonly isDone?: boolean | undefined;
    };

/**
 * Takes the key for one run: parked → claimed is one compare-and-set, and so is "a run is at work, go again".
 *
 * @throws StoreUnavailableError when the record keeps changing.
 * @throws PreconditionError when it is one that this release can't read.
 */
export async function claim(store: Store, request: ClaimRequest, signal?: AbortSignal): Promise<ClaimResult> {
  const work = store.collection(workRecords);
  for (let attempt = 0; attempt < mostTries; attempt++) {
    const { entry, time } = await work.get(request.key, { signal });
    const current = readable(request.key, entry)?.value;
    // A claim of ours that landed though its answer was lost is ours.
    if (current !== undefined && isHeld(current) && current.lease.runId === request.runId)
      return wonWith(current);
    if (request.cause !== undefined && current?.causes.includes(request.cause))
      return { claimed: false, waitsFor: undefined, isDone: current.lease === null };
    if (current !== undefined && isHeld(current)) {
      const { lease } = current;
      if (lease.until > time || request.ifParked) {
        const told = { ...current, lease: { ...lease, again: true }, causes: causesWith(current, request) };
        const isTold = lease.again || request.again === false;
        if (isTold || (await write(work, entry, told, time, signal)))
          return { claimed: false, waitsFor: undefined };
        continue;
      }
      await request.recordDead(current);
    } else if (request.ifParked && (current?.parked ?? null) === null) {
      return { claimed: false, waitsFor: undefined, isDone: true };
    } else if (current !== undefined && isWaiting(current, request, time)) {
      return { claimed: false, waitsFor: current.parked?.missing ?? [] };
    }
    const next = claimed(current, request, time);
    if (await write(work, entry, next, time, signal)) return wonWith(next);
  }
  throw new StoreUnavailableError(
    `The record of ${request.key} changed ${mostTries} times while it was being claimed`,
  );
}

/** The key's record with the run at work on it. */
function claimed(current: WorkRecord | undefined, request: ClaimRequest, time: number): HeldWork {
  const { key, processor, sport, date, options, runId, holder, startedAt, duration } = request;
  // A run that died has been an attempt, whoever finds out.
  const attempts = Math.max(current?.parked?.attempts ?? 0, current?.lease?.attempt ?? 0);
  return {
    key,
    processor,
    sport,
    date,
    options,
    fence: nextFence(current?.fence ?? 0, time),
    lease: {
      runId,
      holder,
      until: time + duration,
      again: false,
      cancel: false,
      startedAt,
      attempt: attempts + 1,
    },
    parked: current?.parked ?? null,
    done: current?.done ?? null,
    gaveUp: current?.gaveUp ?? null,
    causes: causesWith(current, request),
  };
}

function wonWith({ fence, lease, done }: HeldWork): ClaimResult {
  return { claimed: true, fence, attempt: lease.attempt, previousFingerprint: done?.fingerprint };
}

const mostCauses = 20;

function causesWith(current: WorkRecord | undefined, { cause }: ClaimRequest): string[] {
  const causes = current?.causes ?? [];
  return cause === undefined ? causes : [...causes, cause].slice(-mostCauses);
}

/** The trigger adds nothing to what is parked: the same work, whose upstream is asked once an interval as it is. */
function isWaiting({ parked, processor, options }: WorkRecord, request: ClaimRequest, time: number): boolean {
  return (
    request.yields !== undefined &&
    parked !== null &&
    parked.wake === 'upstream' &&
    parked.nextLook + request.yields > time &&
    processor === request.processor &&
    canonicalJson(options) === canonicalJson(request.options)
  );
}
