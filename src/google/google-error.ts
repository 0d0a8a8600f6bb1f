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
    { cause: withoutRequest(error) },
  );
}

/**
 * What a client threw, without the request and the answer that such errors hold, and that with them tokens would get into
 * whoever prints the whole error.
 */
function withoutRequest(error: unknown): unknown {
  if (!(error instanceof Error)) return error === undefined ? undefined : String(error);
  const { code, status, details, errors } = error as Error & Readonly<Record<string, unknown>>;
  const plain = Object.assign(new Error(error.message), {
    ...(isPlain(code) && { code }),
    ...(isPlain(status) && { status }),
    // By it a code is known to be gRPC's.
    ...(isPlain(details) && { details }),
    ...(Array.isArray(errors) && { errors: errors.map(reasonAlone) }),
  });
  Object.defineProperty(plain, 'name', { value: error.name, configurable: true, writable: true });
  if (error.stack !== undefined) plain.stack = error.stack;
  return plain;
}

function reasonAlone(error: unknown): object {
  const { reason, message, domain, location, code } = (error ?? {}) as Readonly<Record<string, unknown>>;
  const entries = Object.entries({ reason, message, domain, location, code });
  return Object.fromEntries(entries.filter(([, value]) => isPlain(value)));
}

function isPlain(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
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
