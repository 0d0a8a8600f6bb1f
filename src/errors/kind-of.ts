import { BreakwaterError } from './breakwater-error.ts';
import { kindOfCode, kindOfGrpc, kindOfReason, kindOfStatus } from './codes.ts';
import type { ErrorKind } from './error-kind.ts';

/** Causes are followed no further than this: a chain may be a circle. */
export const deepest = 5;

/** What an error means: the `kind` of `classify`, for those who don't ask how long to wait. */
export function kindOf(error: unknown, depth = 0): ErrorKind {
  try {
    if (error instanceof BreakwaterError) return error.kind;
    if (typeof error !== 'object' || error === null || depth > deepest) return 'unknown';
    return (
      kindOfFields(error) ??
      kindIfKnown((error as Fields).cause, depth + 1) ??
      kindIfKnown(gistOf(error, depth), depth + 1) ??
      kindOfType(error) ??
      'unknown'
    );
  } catch {
    return 'unknown';
  }
}

/** Of an error that stands for several, the one of them most worth waiting for. */
export function gistOf(error: object, depth: number): unknown {
  // Counted twice: errors that hold one another are many more than a chain of them is long.
  return error instanceof AggregateError ? mostHopeful(error.errors, depth + 2) : undefined;
}

/** The error most worth waiting for, of several; the first of its kind. */
export function mostHopeful(errors: Iterable<unknown>, depth = 0): unknown {
  const hopes = Array.from(new Set(errors), (error) => ({
    error,
    rank: byHope.indexOf(kindOf(error, depth)),
  }));
  return hopes.sort((one, other) => one.rank - other.rank)[0]?.error;
}

const byHope: readonly ErrorKind[] = [
  'throttled',
  'transient',
  'timeout',
  'unknown',
  'rejected',
  'permanent',
  'cancelled',
];

function kindOfFields(error: object): ErrorKind | undefined {
  const { name, code, errors } = error as Fields;
  if (name === 'AbortError') return 'cancelled';
  if (name === 'TimeoutError') return 'timeout';
  return (
    (Array.isArray(errors) ? kindOfReason((errors[0] as Fields | undefined)?.reason) : undefined) ??
    kindOfAnswer(error) ??
    kindOfStatus(code) ??
    kindOfGrpc(code, error) ??
    kindOfAnswer((error as Fields).response as Fields | undefined) ??
    kindOfCode(code)
  );
}

function kindOfAnswer(answer: Fields | null | undefined): ErrorKind | undefined {
  return kindOfStatus(answer?.status) ?? kindOfStatus(answer?.statusCode);
}

function kindIfKnown(error: unknown, depth: number): ErrorKind | undefined {
  const kind = kindOf(error, depth);
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

interface Fields {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly response?: unknown;
  readonly errors?: unknown;
  readonly reason?: unknown;
  readonly cause?: unknown;
}
