import { TimeoutError } from '../errors/index.ts';
import type { Clock } from './clock.ts';

/**
 * The call's result, or a TimeoutError once `after` milliseconds have passed, whether or not the call heeds the signal that
 * is aborted then.
 */
export async function withinTime<T>(
  clock: Clock,
  after: number,
  what: string,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  return new Promise<T>((resolve, reject) => {
    const timer = clock.setTimer(after, () => {
      const error = new TimeoutError(`The ${what} did not end within ${after} ms`, after);
      controller.abort(error);
      reject(error);
    });
    // In an async function of its own: a call that throws before it gives a promise must not leave the timer.
    (async () => call(controller.signal))()
      .then(resolve, reject)
      .finally(() => timer.cancel());
  });
}
