import { ConfigurationError } from '../errors/index.ts';
import type { TripState } from './record.ts';

/** The decision when to open, apart from the state machine that follows from it. Its state is JSON, kept in the record. */
export interface TripRule {
  readonly name: string;
  readonly initial: TripState;
  /** The state after one more counted call. */
  record(state: TripState, sample: { readonly failed: boolean }, now: number): TripState;
  trips(state: TripState, now: number): boolean;
}

/**
 * Opens after `count` failures with no success between them.
 *
 * @throws ConfigurationError unless `count` is a whole number of at least 1.
 */
export function consecutiveFailures(count: number): TripRule {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new ConfigurationError('consecutiveFailures', 'a whole number of at least 1', count);
  }
  return Object.freeze<TripRule>({
    name: 'consecutiveFailures',
    initial: 0,
    record: (state, { failed }) => (failed ? (state as number) + 1 : 0),
    trips: (state) => (state as number) >= count,
  });
}
