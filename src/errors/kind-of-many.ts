import { classify } from './classify.ts';
import type { ErrorKind } from './error-kind.ts';

/** The kind of the error most worth waiting for, of several. */
export function kindOfMany(errors: readonly unknown[]): ErrorKind {
  const kinds = new Set(errors.map((error) => classify(error).kind));
  return byHope.find((kind) => kinds.has(kind)) ?? 'unknown';
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
