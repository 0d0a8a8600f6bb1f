import { boundedCall, type CallOptions } from '../../clients/index.ts';
import { StoreUnavailableError } from '../../errors/index.ts';
import type { Policy } from '../../policy/index.ts';
import type { Clock } from '../../time/index.ts';

/** One call of the store: what bounds each of its requests. */
export class StoreCall {
  readonly signal: AbortSignal;
  /** Monotonic milliseconds. */
  readonly deadline: number;
  readonly #clock: Clock;
  readonly #retry: Policy;

  constructor(signal: AbortSignal, deadline: number, clock: Clock, again: Policy) {
    this.signal = signal;
    this.deadline = deadline;
    this.#clock = clock;
    this.#retry = again;
  }

  /** For one request: all that is left of the call. */
  get bounds(): CallOptions {
    return { signal: this.signal, timeout: this.#left };
  }

  /** For a request that the call must not wait for to the last: half of what is left. */
  get briefBounds(): CallOptions {
    return { signal: this.signal, timeout: this.#left / 2 };
  }

  /** Sends again what may pass, while there is time. */
  sent<R>(send: () => Promise<R>): Promise<R> {
    const { signal, deadline } = this;
    return this.#retry.execute(send, { signal, deadline });
  }

  get #left(): number {
    return Math.max(1, this.deadline - this.#clock.now());
  }
}

/** What is done around every call of the store: one bound in time, however many requests it takes, and one kind of error. */
export class StoreCalls {
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #retry: Policy;

  constructor(clock: Clock, timeout: number, again: Policy) {
    this.#clock = clock;
    this.#timeout = timeout;
    this.#retry = again;
  }

  async call<R>(
    what: string,
    signal: AbortSignal | undefined,
    work: (call: StoreCall) => Promise<R>,
  ): Promise<R> {
    signal?.throwIfAborted();
    const [clock, after] = [this.#clock, this.#timeout];
    const deadline = clock.now() + after;
    try {
      return await boundedCall({ clock, after, signal, what }, async (bound) =>
        work(new StoreCall(bound, deadline, clock, this.#retry)),
      );
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw new StoreUnavailableError(`Firestore did not do it: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}
