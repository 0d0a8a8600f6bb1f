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
 * Of calls with the same key at the same time only one is made, and all get its result. Keys are the same if a Map takes them for
 * the same; those of several wrapped functions, or of one function of several objects, are told apart. A caller that gives up
 * leaves the others theirs; when all have, the call is aborted. The call is made in the context of the first caller.
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
  // Few have one key: those of different functions.
  readonly #flights = new Map<unknown, Set<Flight>>();

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
    const flights = this.#flights.get(key) ?? new Set();
    for (const underWay of flights) if (underWay.isOf(made)) return underWay.join(signal);
    const flight = new Flight(made, () => {
      flights.delete(flight);
      if (flights.size === 0 && this.#flights.get(key) === flights) this.#flights.delete(key);
    });
    flights.add(flight);
    this.#flights.set(key, flights);
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
  readonly #wrapped: unknown;
  readonly #self: unknown;
  readonly #landed: () => void;
  readonly #controller = new AbortController();
  readonly #result = Promise.withResolvers<unknown>();
  #waiting = 0;

  /** @param landed Called when nobody may join it any more. */
  constructor({ wrapped, self }: Made, landed: () => void) {
    this.#wrapped = wrapped;
    this.#self = self;
    this.#landed = landed;
  }

  /** Whether it is a call of the same function and object; one without a function is told by its key alone. */
  isOf({ wrapped, self }: Made): boolean {
    return this.#wrapped === wrapped && this.#self === self;
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
