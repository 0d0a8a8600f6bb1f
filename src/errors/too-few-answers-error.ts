import { BreakwaterError } from './breakwater-error.ts';
import type { ErrorKind } from './error-kind.ts';
import { kindOf, mostHopeful } from './kind-of.ts';

/** Too few members of an ensemble answered. Its kind is that of the failure most worth waiting for, which is its cause. */
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
    const cause = mostHopeful(failures.map(({ error }) => error));
    super(
      `${answered} of at least ${minimum} members answered; failed: ${failures.map(({ member }) => member).join(', ')}`,
      { cause },
    );
    this.kind = kindOf(cause);
    this.answered = answered;
    this.minimum = minimum;
    this.failures = failures;
  }
}
