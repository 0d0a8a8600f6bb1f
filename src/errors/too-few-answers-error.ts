import { BreakwaterError } from './breakwater-error.ts';
import type { ErrorKind } from './error-kind.ts';
import { kindOfMany } from './kind-of-many.ts';

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
    this.kind = kindOfMany(failures.map(({ error }) => error));
    this.answered = answered;
    this.minimum = minimum;
    this.failures = failures;
  }
}
