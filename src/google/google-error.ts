import { BreakwaterError, classify, ServiceError } from '../errors/index.ts';

/** The services as errors, circuits and statistics call them. */
export type GoogleService = 'bigquery' | 'storage' | 'firestore' | 'cloud_logging';

/**
 * An official client's error as a ServiceError with the service's own reason; ours come out unchanged.
 *
 * @param wallNow Wall-clock milliseconds, for a `Retry-After` that is a date.
 */
export function googleError(service: GoogleService, what: string, error: unknown, wallNow: number): unknown {
  if (error instanceof BreakwaterError) return error;
  const code = reasonOf(error) ?? codeOf(error);
  const details = { service, code, ...classify(error, { wallNow }) };
  const message = error instanceof Error ? error.message : String(error);
  return new ServiceError(
    `${what} failed${code === undefined ? '' : ` (${code})`}: ${message.slice(0, 500)}`,
    details,
    { cause: error },
  );
}

/** The first reason of a JSON API's error, such as `rateLimitExceeded`. */
export function reasonOf(error: unknown): string | undefined {
  const { errors } = (error ?? {}) as { errors?: unknown };
  const [first] = Array.isArray(errors) ? (errors as ({ reason?: unknown } | null)[]) : [];
  return typeof first?.reason === 'string' ? first.reason : undefined;
}

/** The HTTP status, gRPC code or system error's name, as text. */
export function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' || typeof code === 'number' ? String(code) : undefined;
}
