import { TimeoutError } from '../errors/index.ts';
import { type Clock, deadlineTimer } from '../time/index.ts';

/** What bounds one call. */
export interface CallBounds {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly after: number;
  /** The caller's. */
  readonly signal?: AbortSignal | undefined;
  /** What the TimeoutError says was not done: `GET https://api.example.com/odds`. */
  readonly what: string;
}

/**
 * Settles by the call's time, or at once when the caller gives up, whether or not the work heeds its signal. The caller's
 * reason comes out unchanged, and neither timer nor listener is left.
 */
export function boundedCall<T>(bounds: CallBounds, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, after, signal, what } = bounds;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise<T>((resolve, reject) => {
    const controller = new AbortController();
    const leave = () => {
      deadlineTimer(clock).cancel(deadline);
      signal?.removeEventListener('abort', onAbort);
    };
    const giveUp = (reason: unknown) => {
      leave();
      controller.abort(reason);
      reject(reason);
    };
    const onAbort = () => giveUp(signal?.reason);
    const deadline = deadlineTimer(clock).add(clock.now() + after, () =>
      giveUp(new TimeoutError(`${what} was not done within ${after} ms`, after)),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    setDeadline(controller.signal, { clock, at: deadline.at });
    work(controller.signal).then(
      (value) => {
        leave();
        resolve(value);
      },
      (error: unknown) => {
        leave();
        reject(error);
      },
    );
  });
}

interface SignalDeadline {
  readonly clock: Clock;
  readonly at: number;
}

const deadlines = new WeakMap<AbortSignal, SignalDeadline>();

/** By when the work that was given this signal must be done, in the clock's monotonic milliseconds; Infinity for one of no call by it. */
export function deadlineOf(signal: AbortSignal, clock: Clock): number {
  const found = deadlines.get(signal);
  return found?.clock === clock ? found.at : Infinity;
}

/** Also for a signal that serves several calls, one after the other. */
export function setDeadline(signal: AbortSignal, deadline: SignalDeadline): void {
  deadlines.set(signal, deadline);
}
