import { BreakwaterError } from './breakwater-error.ts';
import type { ErrorKind } from './error-kind.ts';

/**
 * What a client of ours throws for an answer of the service behind it; of an official client's error its `cause` keeps
 * name, message and codes, and not the request, which bears a token.
 */
export class ServiceError extends BreakwaterError {
  override readonly name = 'ServiceError';
  readonly kind: ErrorKind;
  /** The service that answered, such as `bigquery`. */
  readonly service: string;
  /** The service's own reason or status code, such as `rateLimitExceeded` or `503`. */
  readonly code: string | undefined;
  /** Milliseconds the service asked us to wait. */
  readonly retryAfter: number | undefined;

  constructor(
    message: string,
    details: { service: string; kind: ErrorKind; code?: string | undefined; retryAfter?: number | undefined },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.service = details.service;
    this.kind = details.kind;
    this.code = details.code;
    this.retryAfter = details.retryAfter;
  }
}

/** A row, a message or a file does not have the declared shape. The message names where and which field. */
export class InvalidDataError extends BreakwaterError {
  override readonly name = 'InvalidDataError';
  readonly kind = 'permanent';
}
