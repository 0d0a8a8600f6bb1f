import { boundedCall, type CallOptions } from '../clients/index.ts';
import { classify } from '../errors/index.ts';
import { fullJitter, type Policy, retry } from '../policy/index.ts';
import { type Clock, type Duration, milliseconds } from '../time/index.ts';
import { AbortableRequests } from './abortable-requests.ts';
import { googleError, type GoogleService } from './google-error.ts';

export interface GoogleCallsOptions {
  readonly service: GoogleService;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** The longest a call takes, its retries counted, where it does not say otherwise itself. */
  readonly timeout: Duration;
  /** How often a request is sent at most. */
  readonly attempts: number;
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
  readonly #timeout: number;
  readonly #retry: Policy;
  readonly #requests = new AbortableRequests();
  #calls = 0;
  #failures = 0;

  constructor({ service, clock, random, timeout, attempts, settled = () => false }: GoogleCallsOptions) {
    this.clock = clock;
    this.#service = service;
    this.#timeout = milliseconds(`${service}.timeout`, timeout);
    this.#retry = retry({
      attempts,
      backoff: fullJitter({ base: '250ms', cap: '4s' }),
      clock,
      random,
      handle: (outcome) => !outcome.ok && worthRetrying(outcome.error) && !settled(outcome.error),
    });
  }

  /** One call, bounded in time. What it does is not repeated. */
  bounded<T>(what: string, options: CallOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const after = milliseconds('timeout', options.timeout ?? this.#timeout);
    this.#calls += 1;
    return boundedCall({ clock: this.clock, after, signal: options.signal, what }, work).catch(
      (error: unknown) => {
        this.#failures += 1;
        throw error;
      },
    );
  }

  /** One request of a bounded call, sent again while its failure may pass. Only for what may be sent twice. */
  request<T>(what: string, signal: AbortSignal, send: (attempt: GoogleAttempt) => Promise<T>): Promise<T> {
    return this.#retry.execute(
      async ({ attempt }) => this.once(what, signal, () => send({ signal, attempt })),
      { signal },
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
    return { calls: this.#calls, failures: this.#failures, requests: this.#requests.sent };
  }

  close(): void {
    this.#requests.close();
  }
}

/** What a client was asked since it was made. */
export interface GoogleStatistics {
  readonly calls: number;
  /** Calls that ended in an error, the caller's aborts among them. */
  readonly failures: number;
  /** HTTP requests that were sent for them. */
  readonly requests: number;
}

function worthRetrying(error: unknown): boolean {
  const { kind } = classify(error);
  return kind === 'transient' || kind === 'throttled';
}
