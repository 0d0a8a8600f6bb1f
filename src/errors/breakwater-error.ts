import type { ErrorKind } from './error-kind.ts';

/**
 * The base of every error that breakwater makes. `kind` is what the one classifier answers for it.
 */
export abstract class BreakwaterError extends Error {
  /** What the failure means: see {@link ErrorKind}. */
  abstract readonly kind: ErrorKind;
}
