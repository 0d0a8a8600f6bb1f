import { boundedCall } from '../clients/index.ts';
import type { Context } from '../context/index.ts';
import { BreakwaterError, LostLeaseError } from '../errors/index.ts';
import { type Store, type WorkRecord, workRecords } from '../store/index.ts';
import type { LiveRun } from './live-run.ts';
import type { CancelReason } from './run-result.ts';
import { updateWork } from './work-changes.ts';

/** A signal's reason that says who wants the run to stop: `cancelled / shutdown` is parked, `operator` is not. */
export class RunCancelledError extends BreakwaterError {
  override readonly name = 'RunCancelledError';
  readonly kind = 'cancelled';
  readonly by: Exclude<CancelReason, 'caller'>;

  constructor(by: Exclude<CancelReason, 'caller'>, message: string, options?: ErrorOptions) {
    super(message, options);
    this.by = by;
  }
}

/** How a run that its caller aborted ends. */
export function cancelReasonOf(reason: unknown): CancelReason {
  return reason instanceof RunCancelledError ? reason.by : 'caller';
}

/**
 * Takes back all that was asked of a key until now, in one write: what is parked goes, and so does what would revive it; the run
 * at work, in whichever process, hears of it within fifteen seconds, and whatever it ends as leaves nothing to be done. So does
 * one that is dead and has not been recovered. A trigger that comes later tells that run to go `again`.
 *
 * @returns What there was.
 */
export async function cancelWork(
  store: Store,
  key: string,
  signal?: AbortSignal,
): Promise<'parked' | 'running' | 'nothing'> {
  let found: 'parked' | 'running' | 'nothing' = 'nothing';
  const change = (record: WorkRecord): WorkRecord | undefined => {
    const { lease, parked } = record;
    found = lease !== null ? 'running' : parked !== null ? 'parked' : 'nothing';
    if (found === 'nothing') return undefined;
    const stopping = lease && { ...lease, cancel: true, again: false };
    return { ...record, lease: stopping, parked: null, gaveUp: null };
  };
  await updateWork(store, key, change, signal);
  return found;
}

const lookEvery = 15_000;
const longestLook = 5_000;

/**
 * Looks from time to time whether somebody wants the run to stop, or has taken its claim. A look costs the store a read, no
 * write; a store that is away tells nothing, and the run goes on.
 */
export function watchForCancel<O>(context: Context, run: LiveRun<O>): Disposable {
  const { clock, store } = context;
  const work = store.collection(workRecords);
  let timer = clock.setTimer(lookEvery, look);
  const over = new AbortController();

  function look() {
    const bounds = { clock, after: longestLook, signal: over.signal, what: `The look at ${run.key}` };
    boundedCall(bounds, (signal) => work.get(run.key, { signal }))
      .then(({ entry }) => {
        if (over.signal.aborted || !entry?.readable) return;
        const { lease } = entry.value;
        if (lease?.runId !== run.id) {
          const error = new LostLeaseError(`The claim on ${run.key} is not held by run ${run.id} any more`);
          run.stop({ status: 'failed', reason: 'lost_lease', error });
        } else if (lease.cancel) {
          const error = new RunCancelledError('operator', `An operator cancelled run ${run.id}`);
          run.stop({ status: 'cancelled', reason: 'operator', error });
        }
      })
      .catch(() => {})
      .finally(() => {
        if (!over.signal.aborted) timer = clock.setTimer(lookEvery, look);
      });
  }
  return {
    [Symbol.dispose]() {
      timer.cancel();
      // A look that is under way leaves nothing behind either.
      over.abort();
    },
  };
}
