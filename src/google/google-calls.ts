import {
  boundedCall,
  type CallOptions,
  deadlineOf,
  type ServiceCircuitOptions,
  serviceCircuit,
} from '../clients/index.ts';
import { kindOf } from '../errors/index.ts';
import { type CircuitBreaker, type CircuitState, fullJitter, type Policy, retry } from '../policy/index.ts';
import { type Clock, type Duration, milliseconds } from '../time/index.ts';
import { CallersError } from './callers-error.ts';
import { googleError, type GoogleService } from './google-error.ts';
import { ServiceRequests } from './service-requests.ts';

export interface GoogleCallsOptions {
  readonly service: GoogleService;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** The longest a call takes, its retries counted, where it does not say otherwise itself. */
  readonly timeout: Duration;
  /** How often a request is sent at most. */
  readonly attempts: number;
  readonly circuit: ServiceCircuitOptions | undefined;
  /** Failures that another request can't mend, though they may pass. Default: none. */
  readonly settled?: ((error: unknown) => boolean) | undefined;
}

/** What an attempt may know. */
export interface GoogleAttempt {
  readonly signal: AbortSignal;
  /** From 1. */
  readonly attempt: number;
}

/**
 * What is done around every call of an official client: one bound in time, one owner of retries, one kind of error. The
 * clients' own retries are off.
 */
export class GoogleCalls {
  readonly clock: Clock;
  readonly #service: GoogleService;
  /** Milliseconds that a call takes at most, where it does not say otherwise itself. */
  readonly timeout: number;
  readonly #retry: Policy;
  readonly #circuit: CircuitBreaker;
  readonly #requests = new ServiceRequests();
  #calls = 0;
  #failures = 0;

  constructor(options: GoogleCallsOptions) {
    const { service, clock, random, timeout, attempts, circuit, settled = () => false } = options;
    this.clock = clock;
    this.#service = service;
    this.timeout = milliseconds(`${service}.timeout`, timeout);
    this.#circuit = serviceCircuit(service, { ...circuit, clock });
    this.#retry = retry({
      attempts,
      backoff: fullJitter({ base: '250ms', cap: '4s' }),
      clock,
      random,
      handle: (outcome) => !outcome.ok && worthRetrying(outcome.error) && !settled(outcome.error),
    });
  }

  /** One call, bounded in time and behind the service's circuit. What it does is not repeated. */
  async bounded<T>(
    what: string,
    options: CallOptions,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { signal } = options;
    const after = milliseconds('timeout', options.timeout ?? this.timeout);
    this.#calls += 1;
    try {
      const call = () => boundedCall({ clock: this.clock, after, signal, what }, work);
      return await this.#circuit.execute(call, { signal });
    } catch (error) {
      this.#failures += 1;
      throw error instanceof CallersError ? error.cause : error;
    }
  }

  /** One request of a bounded call, sent again while its failure may pass. Only for what may be sent twice. */
  request<T>(what: string, signal: AbortSignal, send: (attempt: GoogleAttempt) => Promise<T>): Promise<T> {
    return this.#retry.execute(
      async ({ attempt }) => this.once(what, signal, () => send({ signal, attempt })),
      { signal, deadline: deadlineOf(signal, this.clock) },
    );
  }

  /** One request, once. */
  async once<T>(what: string, signal: AbortSignal, send: () => Promise<T>): Promise<T> {
    try {
      return await this.#requests.run(signal, send);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw googleError(this.#service, what, error, this.clock.wallNow());
    }
  }

  statistics(): GoogleStatistics {
    return {
      calls: this.#calls,
      failures: this.#failures,
      requests: this.#requests.sent,
      circuit: this.#circuit.state,
    };
  }

  /** The client, whose requests go out from here: through connections of its own, and no longer than their call. */
  adopt<Client extends Parameters<ServiceRequests['adopt']>[0]>(client: Client): Client {
    return this.#requests.adopt(client);
  }

  /** Lets requests under way come to their end, then closes the client's connections. */
  close(): Promise<void> {
    return this.#requests.close();
  }
}

/** What a client was asked since it was made. */
export interface GoogleStatistics {
  readonly calls: number;
  /** Calls that ended in an error, the caller's aborts among them. */
  readonly failures: number;
  /** HTTP requests that were sent to the service for them. */
  readonly requests: number;
  /** The service's circuit: while it is open, calls are rejected and nothing is sent. */
  readonly circuit: CircuitState;
}

function worthRetrying(error: unknown): boolean {
  const kind = kindOf(error);
  return kind === 'transient' || kind === 'throttled';
}
