import { ConfigurationError } from '../errors/index.ts';
import type { Work } from './attempt.ts';
import type { Call } from './call.ts';
import type { Made, Nested, Split } from './chain.ts';
import { FusedPolicy } from './fused-policy.ts';
import type { Policy } from './policy.ts';

export interface SingleFlightOptions<Args extends readonly unknown[] = readonly unknown[]> {
  /** What tells the calls of a wrapped function apart, from its arguments; `execute` takes a `key` instead. */
  readonly key?: ((...args: Args) => unknown) | undefined;
}

/**
 * Of calls with the same key at the same time only one is made, and all get its result. A caller that gives up leaves the
 * others theirs; when all have, the call is aborted. The call is made in the context of the first caller.
 *
 * A call that waits, within its own operation, for one with the same key waits for itself: only a signal or a deadline of the
 * inner one ends it.
 *
 * @example
 * const load = singleFlight({ key: (team: string) => team }).wrap(loadTeam);
 * @throws ConfigurationError if `key` is no function.
 */
// biome-ignore lint/suspicious/noExplicitAny: the key's parameters are those of whatever is wrapped
export function singleFlight(options: SingleFlightOptions<any> = {}): Policy {
  return Object.freeze(new FusedPolicy<never>(new SingleFlightSplit(options)));
}

class SingleFlightSplit implements Split {
  readonly clock = undefined;
  readonly #key: ((...args: readonly unknown[]) => unknown) | undefined;
  readonly #flights = new Map<unknown, Flight>();

  constructor(options: SingleFlightOptions) {
    if (typeof options !== 'object' || options === null)
      throw new ConfigurationError('singleFlight', 'given an object of options', options);
    const { key } = options;
    if (key !== undefined && typeof key !== 'function')
      throw new ConfigurationError('singleFlight.key', 'a function of the arguments', key);
    this.#key = key;
  }

  async run(next: Nested, attempt: Work, _call: Call, made: Made): Promise<unknown> {
    const key = this.#keyOf(made);
    const { signal } = attempt;
    // The key's function may have given the call up.
    signal.throwIfAborted();
    const flights = this.#flights;
    const underWay = flights.get(key);
    if (underWay !== undefined) return underWay.join(signal);
    const flight = new Flight(() => {
      if (flights.get(key) === flight) flights.delete(key);
    });
    flights.set(key, flight);
    // Joined first: while it is being started others may come, or all may go.
    const result = flight.join(signal);
    flight.start(next);
    return result;
  }

  #keyOf({ key, args }: Made): unknown {
    if (args === undefined) {
      if (key === undefined)
        throw new ConfigurationError('execute.key', 'given, for a policy with a singleFlight', key);
      return key;
    }
    if (this.#key === undefined)
      throw new ConfigurationError('singleFlight.key', 'given, where a function is wrapped', this.#key);
    return this.#key(...args);
  }
}

/** One call under way, and who waits for it. */
class Flight {
  readonly #landed: () => void;
  readonly #controller = new AbortController();
  readonly #result = Promise.withResolvers<unknown>();
  #waiting = 0;

  /** @param landed Called when nobody may join it any more. */
  constructor(landed: () => void) {
    this.#landed = landed;
  }

  start(next: Nested): void {
    const { resolve, reject } = this.#result;
    next({ signal: this.#controller.signal, deadline: Infinity }).finally(this.#landed).then(resolve, reject);
  }

  /** The flight's result; the caller's own call has ended already when its signal is aborted. */
  async join(signal: AbortSignal): Promise<unknown> {
    this.#waiting += 1;
    const leave = () => {
      this.#waiting -= 1;
      if (this.#waiting > 0) return;
      this.#landed();
      this.#controller.abort(signal.reason);
    };
    signal.addEventListener('abort', leave);
    try {
      return await this.#result.promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }
}
