import { BreakwaterError } from './breakwater-error.ts';
import { classify } from './classify.ts';
import type { ErrorKind } from './error-kind.ts';

/** Too few members of an ensemble answered. Its kind is that of the failure most worth waiting for. */
export class TooFewAnswersError extends BreakwaterError {
  override readonly name = 'TooFewAnswersError';
  readonly kind: ErrorKind;
  readonly answered: number;
  readonly minimum: number;
  /** Who failed, and how. */
  readonly failures: readonly { readonly member: string; readonly error: unknown }[];

  constructor(
    answered: number,
    minimum: number,
    failures: readonly { readonly member: string; readonly error: unknown }[],
  ) {
    super(
      `${answered} of at least ${minimum} members answered; failed: ${failures.map(({ member }) => member).join(', ')}`,
      { cause: failures[0]?.error },
    );
    const kinds = new Set(failures.map(({ error }) => classify(error).kind));
    this.kind = byHope.find((kind) => kinds.has(kind)) ?? 'unknown';
    this.answered = answered;
    this.minimum = minimum;
    this.failures = failures;
  }
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
