import type { CircuitBreaker, CircuitState, Policy } from '../policy/index.ts';
import type { HttpResponse } from './http.ts';

/** What was asked of an origin since it was first called. */
export interface OriginStatistics {
  readonly calls: number;
  /** Calls that failed, each once; those that their caller gave up are not among them. */
  readonly failures: number;
  /** Calls that ended because their caller gave up. */
  readonly cancelled: number;
  /** Requests that were sent for the calls, redirects and repetitions counted. */
  readonly requests: number;
  readonly circuit: CircuitState;
}

/** A call of an origin. */
export interface OriginCall {
  /** Sends the request once. */
  readonly send: () => Promise<HttpResponse>;
  readonly maySendTwice: boolean;
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
  /** Monotonic milliseconds by which the call must be done; `send` sees to it. */
  readonly deadline: number;
}

/** One origin: its circuit, its repetitions, its figures. */
export class Origin {
  readonly #circuit: CircuitBreaker;
  readonly #again: Policy;
  #calls = 0;
  #failures = 0;
  #cancelled = 0;
  #requests = 0;

  constructor(circuit: CircuitBreaker, again: Policy) {
    this.#circuit = circuit;
    this.#again = again;
  }

  /** A call counts once in the circuit: by how it has ended, whatever was sent for it. */
  call(call: OriginCall): Promise<HttpResponse> {
    this.#calls += 1;
    // Without the policy's own signal and deadline, which would cost as much again: `send` heeds both.
    return this.#circuit
      .execute(() => this.#send(call).catch((error: unknown) => this.#goOn(call, error)))
      .catch((error: unknown) => this.#end(error));
  }

  statistics(): OriginStatistics {
    return {
      calls: this.#calls,
      failures: this.#failures,
      cancelled: this.#cancelled,
      requests: this.#requests,
      circuit: this.#circuit.state,
    };
  }

  #send({ send }: OriginCall): Promise<HttpResponse> {
    this.#requests += 1;
    return send();
  }

  /** Goes on after a first failure, which is the policy's first attempt: most calls never get here. */
  async #goOn(call: OriginCall, first: unknown): Promise<HttpResponse> {
    const { maySendTwice, signal, deadline } = call;
    try {
      if (!maySendTwice || signal?.aborted) throw first;
      return await this.#again.execute(
        ({ attempt }) => (attempt === 1 ? Promise.reject(first) : this.#send(call)),
        { signal, deadline },
      );
    } catch (error) {
      throw isOf(signal, error) ? new GivenUp(error) : error;
    }
  }

  #end(error: unknown): never {
    const givenUp = error instanceof GivenUp;
    if (givenUp) this.#cancelled += 1;
    else this.#failures += 1;
    throw givenUp ? error.reason : error;
  }
}

/** Whether an error is the caller's giving up. */
function isOf(signal: AbortSignal | undefined, error: unknown): boolean {
  return signal?.aborted === true && error === signal.reason;
}

/** A caller's abort on its way through the circuit, to which it says nothing of the service: its reason may be anything. */
class GivenUp {
  readonly name = 'AbortError';
  readonly reason: unknown;

  constructor(reason: unknown) {
    this.reason = reason;
  }
}

/** Origins remembered: one more, and the one that was called longest ago is forgotten. */
const mostOrigins = 500;

export class Origins {
  readonly #make: (name: string) => Origin;
  // In the order of their last calls, the oldest first.
  readonly #origins = new Map<string, Origin>();
  #latest: readonly [name: string, origin: Origin] | undefined;

  constructor(make: (name: string) => Origin) {
    this.#make = make;
  }

  of(name: string): Origin {
    if (this.#latest?.[0] === name) return this.#latest[1];
    const origin = this.#origins.get(name) ?? this.#make(name);
    this.#latest = [name, origin];
    this.#origins.delete(name);
    this.#origins.set(name, origin);
    if (this.#origins.size > mostOrigins) {
      const [oldest] = this.#origins.keys();
      if (oldest !== undefined) this.#origins.delete(oldest);
    }
    return origin;
  }

  statistics(): Readonly<Record<string, OriginStatistics>> {
    return Object.fromEntries([...this.#origins].map(([name, origin]) => [name, origin.statistics()]));
  }
}
