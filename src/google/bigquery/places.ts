import { boundedCall } from '../../clients/index.ts';
import { BulkheadFullError, TimeoutError } from '../../errors/index.ts';
import { type Bulkhead, bulkhead } from '../../policy/index.ts';
import type { Clock } from '../../time/index.ts';

/** The most calls that may wait. */
const mostWaiting = 1_000;

/** So many calls at work at once; the others wait in the order in which they came, each within its own time. */
export class Places {
  readonly #clock: Clock;
  readonly #bulkhead: Bulkhead;

  constructor(limit: number, clock: Clock) {
    this.#clock = clock;
    this.#bulkhead = bulkhead({ limit, queue: mostWaiting, clock });
  }

  /**
   * Waits for a place, and gives what frees it.
   *
   * @param after Milliseconds.
   * @throws BulkheadFullError if none was free in that time, or too many wait; the caller's reason.
   */
  async take(what: string, after: number, signal: AbortSignal | undefined): Promise<() => void> {
    const bounds = { clock: this.#clock, after, signal, what };
    try {
      return await boundedCall(bounds, (stop) => this.#turn(stop));
    } catch (error) {
      if (!(error instanceof TimeoutError) || signal?.aborted) throw error;
      throw new BulkheadFullError(`${what} was not begun: no place was free within ${after} ms`);
    }
  }

  #turn(stop: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const held = () =>
        new Promise<void>((free) => {
          // Its turn may come in the moment in which it gives up: nobody would free it then.
          stop.addEventListener('abort', () => free(), { once: true });
          resolve(free);
        });
      this.#bulkhead.execute(held, { signal: stop }).catch(reject);
    });
  }
}
