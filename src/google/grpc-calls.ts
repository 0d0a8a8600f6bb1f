import { boundedCall, type CallOptions } from '../clients/index.ts';
import { type Clock, type Duration, milliseconds } from '../time/index.ts';
import { googleError, type GoogleService } from './google-error.ts';

export interface GrpcCallsOptions {
  readonly service: GoogleService;
  readonly clock: Clock;
  /** The longest a call takes, where it does not say otherwise itself. */
  readonly timeout: Duration;
}

/** What a call of a generated client is told, beside its request. */
export interface GrpcCallSettings {
  /** Milliseconds. */
  readonly timeout: number;
  /** None: whoever calls decides whether to send it again. */
  readonly retry: null;
  /** Ends the call on the wire. */
  readonly signal: AbortSignal;
}

/**
 * What is done around every call of a gRPC client: bounded in time on both sides, sent once, its error of one kind.
 */
export class GrpcCalls {
  readonly clock: Clock;
  readonly #service: GoogleService;
  readonly #timeout: number;

  constructor({ service, clock, timeout }: GrpcCallsOptions) {
    this.clock = clock;
    this.#service = service;
    this.#timeout = milliseconds(`${service}.timeout`, timeout);
  }

  async call<T>(
    what: string,
    options: CallOptions,
    send: (settings: GrpcCallSettings) => Promise<T>,
  ): Promise<T> {
    const after = milliseconds('timeout', options.timeout ?? this.#timeout);
    return boundedCall({ clock: this.clock, after, signal: options.signal, what }, async (signal) => {
      try {
        return await send({ timeout: Math.ceil(after), retry: null, signal });
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw googleError(this.#service, what, error, this.clock.wallNow());
      }
    });
  }
}
