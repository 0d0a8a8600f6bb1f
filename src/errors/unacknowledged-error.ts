import { BreakwaterError } from './breakwater-error.ts';
import type { ErrorKind } from './error-kind.ts';
import { kindOf, mostHopeful } from './kind-of.ts';

/** Files of kept rows that could not be inserted: they lie where they lay. Its kind is that of the failure most worth waiting for, which is its cause. */
export class UnacknowledgedError extends BreakwaterError {
  override readonly name = 'UnacknowledgedError';
  readonly kind: ErrorKind;
  /** How many files failed. */
  readonly failed: number;
  /** The first hundred of them, and why. */
  readonly failures: readonly { readonly path: string; readonly error: unknown }[];
  /** Files whose rows are in their tables now. */
  readonly files: number;
  /** Their rows. */
  readonly rows: number;

  constructor(
    failed: number,
    failures: readonly { readonly path: string; readonly error: unknown }[],
    inserted: { readonly files: number; readonly rows: number },
  ) {
    const [first] = failures;
    const cause = mostHopeful(failures.map(({ error }) => error));
    super(
      `${failed} of ${failed + inserted.files} files of kept rows could not be inserted, the first ${first?.path}: ${(first?.error as Error | undefined)?.message}`,
      { cause },
    );
    this.kind = kindOf(cause);
    this.failed = failed;
    this.failures = failures;
    this.files = inserted.files;
    this.rows = inserted.rows;
  }
}
