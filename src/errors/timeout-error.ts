import { BreakwaterError } from './breakwater-error.ts';

/** A deadline of ours passed before the work settled. */
export class TimeoutError extends BreakwaterError {
  override readonly name = 'TimeoutError';
  readonly kind = 'timeout';
  /** The time allowed, in milliseconds. */
  readonly after: number;

  constructor(message: string, after: number, options?: ErrorOptions) {
    super(message, options);
    this.after = after;
  }
}
