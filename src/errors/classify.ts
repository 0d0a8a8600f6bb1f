import { BreakwaterError } from './breakwater-error.ts';
import { kindOfCode, kindOfGrpc, kindOfReason, kindOfStatus } from './codes.ts';
import type { ErrorKind } from './error-kind.ts';
import { parseRetryAfter } from './retry-after.ts';

/** What an error means, and how long the one who threw it asked us to wait. */
export interface Classification {
  readonly kind: ErrorKind;
  /** Milliseconds. */
  readonly retryAfter?: number | undefined;
}

// Follows `cause` no further than this: a chain may be a circle.
const deepest = 5;

/**
 * The one classifier: by type and code, never by the text of a message.
 *
 * Knows breakwater's own errors, aborts, Node's system errors, undici's, HTTP statuses with their `Retry-After`, and the
 * errors of Google's clients (reasons, gRPC codes, `RetryInfo`). Of an error that it does not know it looks at the cause. It
 * never throws: what can't be looked at (a getter that throws, a revoked proxy) is not known.
 *
 * @param options.wallNow Wall-clock milliseconds, for a `Retry-After` that is a date.
 */
export function classify(
  error: unknown,
  options: { readonly wallNow?: number | undefined } = {},
): Classification {
  const kind = kindOf(error, 0);
  if (kind !== 'throttled' && kind !== 'transient' && kind !== 'rejected') return { kind };
  const retryAfter = retryAfterOf(error, options.wallNow, 0);
  return retryAfter === undefined ? { kind } : { kind, retryAfter };
}

function kindOf(error: unknown, depth: number): ErrorKind {
  try {
    if (error instanceof BreakwaterError) return error.kind;
    if (typeof error !== 'object' || error === null || depth > deepest) return 'unknown';
    return kindOfFields(error) ?? kindOfCause(error, depth) ?? kindOfType(error) ?? 'unknown';
  } catch {
    return 'unknown';
  }
}

function kindOfFields(error: object): ErrorKind | undefined {
  const { name, code, status, statusCode, errors } = error as Fields;
  if (name === 'AbortError') return 'cancelled';
  if (name === 'TimeoutError') return 'timeout';
  const reason = Array.isArray(errors) ? (errors[0] as Fields | undefined)?.reason : undefined;
  const byReason = typeof reason === 'string' ? kindOfReason(reason) : undefined;
  if (byReason !== undefined) return byReason;
  for (const number of [status, statusCode, code]) {
    const numeric = typeof number === 'string' && /^\d+$/.test(number) ? Number(number) : number;
    if (typeof numeric !== 'number') continue;
    // Below 100 a number is no HTTP status: Google's gRPC clients put their code there.
    const known =
      numeric < 100 ? (Number.isInteger(numeric) ? kindOfGrpc(numeric) : undefined) : kindOfStatus(numeric);
    if (known !== undefined) return known;
  }
  return typeof code === 'string' ? kindOfCode(code) : undefined;
}

function kindOfCause(error: object, depth: number): ErrorKind | undefined {
  const { cause } = error as Fields;
  if (cause === undefined) return undefined;
  const kind = kindOf(cause, depth + 1);
  return kind === 'unknown' ? undefined : kind;
}

// After the cause: fetch throws a TypeError whose cause is the system's error.
function kindOfType(error: object): ErrorKind | undefined {
  const programming =
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof SyntaxError ||
    error instanceof ReferenceError ||
    error instanceof EvalError ||
    error instanceof URIError;
  return programming ? 'permanent' : undefined;
}

function retryAfterOf(error: unknown, wallNow: number | undefined, depth: number): number | undefined {
  if (typeof error !== 'object' || error === null || depth > deepest) return undefined;
  try {
    const { retryAfter, headers, response, details, statusDetails, cause } = error as Fields;
    if (typeof retryAfter === 'number' && Number.isFinite(retryAfter) && retryAfter >= 0) return retryAfter;
    return (
      retryAfterHeader(headers, wallNow) ??
      retryAfterHeader((response as Fields | undefined)?.headers, wallNow) ??
      retryInfo(statusDetails) ??
      retryInfo(details) ??
      retryAfterOf(cause, wallNow, depth + 1)
    );
  } catch {
    return undefined;
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
    if (Number.isFinite(milliseconds) && milliseconds >= 0) return milliseconds;
  }
  return undefined;
}

function delayOf(delay: unknown): number {
  if (typeof delay === 'string')
    return /^\d+(\.\d+)?s$/.test(delay) ? Number(delay.slice(0, -1)) * 1_000 : Number.NaN;
  if (typeof delay !== 'object' || delay === null) return Number.NaN;
  const { seconds = 0, nanos = 0 } = delay as { seconds?: unknown; nanos?: unknown };
  return Number(seconds) * 1_000 + Number(nanos) / 1e6;
}

interface Fields {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly errors?: unknown;
  readonly reason?: unknown;
  readonly cause?: unknown;
  readonly retryAfter?: unknown;
  readonly headers?: unknown;
  readonly response?: unknown;
  readonly details?: unknown;
  readonly statusDetails?: unknown;
  readonly retryDelay?: unknown;
}
