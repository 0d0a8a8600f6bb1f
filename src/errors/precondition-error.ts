import { BreakwaterError } from './breakwater-error.ts';

/** An object or record is not in the state that the write was made for: read again and decide anew. */
export class PreconditionError extends BreakwaterError {
  override readonly name = 'PreconditionError';
  readonly kind = 'permanent';
}
