import { BreakwaterError } from './breakwater-error.ts';

/** The shared store did not answer, or answered with an error; whether a write landed is not known. */
export class StoreUnavailableError extends BreakwaterError {
  override readonly name = 'StoreUnavailableError';
  readonly kind = 'transient';
}

/** A newer holder has the output's fence (or our lease is over): this run must not write any more. */
export class LostLeaseError extends BreakwaterError {
  override readonly name = 'LostLeaseError';
  readonly kind = 'permanent';
}

/** Work that was parked has waited too long, or was tried too often. */
export class GaveUpError extends BreakwaterError {
  override readonly name = 'GaveUpError';
  readonly kind = 'permanent';
}
