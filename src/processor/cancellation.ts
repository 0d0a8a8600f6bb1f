import { boundedCall } from '../clients/index.ts';
import type { Context } from '../context/index.ts';
import { BreakwaterError, LostLeaseError } from '../errors/index.ts';
import { type Store, workRecords } from '../store/index.ts';
import type { LiveRun } from './live-run.ts';
import type { CancelReason } from './run-result.ts';
import { isHeld, updateWork } from './work-changes.ts';

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
 * Asks the run at work on a key to stop, whichever process it is in: it hears of it within fifteen seconds. One that is dead
 * and has not been recovered is not started again.
 *
 * @returns Whether there is such a run.
 */
export async function requestCancel(store: Store, key: string, signal?: AbortSignal): Promise<boolean> {
  let isHeldByRun = false;
  await updateWork(
    store,
    key,
    (record) => {
      isHeldByRun = isHeld(record);
      return isHeld(record) && !record.lease.cancel
        ? { ...record, lease: { ...record.lease, cancel: true } }
        : undefined;
    },
    signal,
  );
  return isHeldByRun;
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
