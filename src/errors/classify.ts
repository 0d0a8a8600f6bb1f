import { BreakwaterError } from './breakwater-error.ts';
import type { ErrorKind } from './error-kind.ts';
import { deepest, gistOf, kindOf } from './kind-of.ts';
import { parseRetryAfter } from './retry-after.ts';

/** What an error means, and how long the one who threw it asked us to wait. */
export interface Classification {
  readonly kind: ErrorKind;
  /** Milliseconds. */
  readonly retryAfter?: number | undefined;
}

/**
 * The one classifier: by type and code, never by the text of a message.
 *
 * Knows breakwater's own errors, aborts, Node's system errors, undici's, HTTP statuses with their `Retry-After`, and the
 * errors of Google's clients (reasons, gRPC codes, `RetryInfo`). Of an error that it does not know it looks at the cause, and
 * of an AggregateError at those it holds. It never throws: what can't be looked at (a getter that throws, a revoked proxy) is
 * not known.
 *
 * `retryAfter` is told of every kind but `cancelled`: that of an error of breakwater's own; or the `Retry-After` of `headers` or of
 * `response.headers`, the `RetryInfo` of `statusDetails` or `details`, a number of milliseconds in `retryAfter`; or what the
 * cause says.
 *
 * @param error What was thrown; or an answer, such as a `Response`, which has a status and headers too.
 * @param options.wallNow Wall-clock milliseconds, for a `Retry-After` that is a date.
 */
export function classify(
  error: unknown,
  options: { readonly wallNow?: number | undefined } = {},
): Classification {
  const kind = kindOf(error);
  const retryAfter = kind === 'cancelled' ? undefined : retryAfterOf(error, options.wallNow, 0);
  return retryAfter === undefined ? { kind } : { kind, retryAfter };
}

function retryAfterOf(error: unknown, wallNow: number | undefined, depth: number): number | undefined {
  if (typeof error !== 'object' || error === null || depth > deepest) return undefined;
  let field: number | undefined;
  try {
    const { retryAfter, headers, response, details, statusDetails, cause } = error as Fields;
    if (isDelay(retryAfter)) field = retryAfter;
    // Of somebody else's number the unit is not known: what has one comes first.
    return (
      (error instanceof BreakwaterError ? field : undefined) ??
      retryAfterHeader(headers, wallNow) ??
      retryAfterHeader((response as Fields | undefined)?.headers, wallNow) ??
      retryInfo(statusDetails) ??
      retryInfo(details) ??
      field ??
      retryAfterOf(cause, wallNow, depth + 1) ??
      retryAfterOf(gistOf(error, depth), wallNow, depth + 1)
    );
  } catch {
    return field;
  }
}

function retryAfterHeader(headers: unknown, wallNow: number | undefined): number | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const get = (headers as { get?: unknown }).get;
  const value = typeof get === 'function' ? get.call(headers, 'retry-after') : fieldIgnoringCase(headers);
  const first = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' || typeof first === 'number' ? parseRetryAfter(first, wallNow) : undefined;
}

function fieldIgnoringCase(headers: object): unknown {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === 'retry-after')?.[1];
}

/** `google.rpc.RetryInfo`, as JSON (`"30s"`) or as a decoded message (`{ seconds, nanos }`). */
function retryInfo(details: unknown): number | undefined {
  if (!Array.isArray(details)) return undefined;
  for (const detail of details) {
    const milliseconds = delayOf((detail as Fields | null)?.retryDelay);
    if (isDelay(milliseconds)) return milliseconds;
  }
  return undefined;
}

function isDelay(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Infinity;
}

function delayOf(delay: unknown): number {
  if (typeof delay === 'string')
    return /^\d+(\.\d+)?s$/.test(delay) ? Number(delay.slice(0, -1)) * 1_000 : Number.NaN;
  if (typeof delay !== 'object' || delay === null) return Number.NaN;
  const { seconds = 0, nanos = 0 } = delay as { seconds?: unknown; nanos?: unknown };
  return Number(seconds) * 1_000 + Number(nanos) / 1e6;
}

interface Fields {
  readonly retryAfter?: unknown;
  readonly headers?: unknown;
  readonly response?: unknown;
  readonly details?: unknown;
  readonly statusDetails?: unknown;
  readonly cause?: unknown;
  readonly retryDelay?: unknown;
}
