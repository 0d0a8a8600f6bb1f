import { BreakwaterError } from './breakwater-error.ts';

/** A circuit is open (or isolated, or its probes are all taken): the call was not made. */
export class CircuitOpenError extends BreakwaterError {
  override readonly name = 'CircuitOpenError';
  readonly kind = 'rejected';
  /** The circuit's name. */
  readonly circuit: string;
  /**
   * Milliseconds until a call may be admitted, at the latest: while probes have all places, until the first of them must have ended.
   * Undefined while the circuit is isolated by hand.
   */
  readonly retryAfter: number | undefined;

  constructor(circuit: string, retryAfter: number | undefined, options?: ErrorOptions) {
    super(
      retryAfter === undefined
        ? `Circuit "${circuit}" is isolated: release it to let calls through`
        : `Circuit "${circuit}" is open: try again in ${Math.ceil(retryAfter)} ms`,
      options,
    );
    this.circuit = circuit;
    this.retryAfter = retryAfter;
  }
}

/** A bulkhead and its queue are full, or the queue time ran out: the call was not made. */
export class BulkheadFullError extends BreakwaterError {
  override readonly name = 'BulkheadFullError';
  readonly kind = 'rejected';
}

/** A rate limiter has no token and may not wait for one: the call was not made. */
export class RateLimitError extends BreakwaterError {
  override readonly name = 'RateLimitError';
  readonly kind = 'rejected';
  /** Milliseconds until a token is free. */
  readonly retryAfter: number;

  constructor(message: string, retryAfter: number, options?: ErrorOptions) {
    super(message, options);
    this.retryAfter = retryAfter;
  }
}
