import { BreakwaterError } from './breakwater-error.ts';

/** An upstream check could not look, so nothing is known: neither that data is there nor that it is not. */
export class UpstreamUnknownError extends BreakwaterError {
  override readonly name = 'UpstreamUnknownError';
  readonly kind = 'transient';
}
