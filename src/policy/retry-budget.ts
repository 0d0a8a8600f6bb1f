import { ConfigurationError } from '../errors/index.ts';
import type { Clock } from '../time/index.ts';
import { checkCommon } from './options.ts';

export interface RetryBudgetOptions {
  /** Extra calls allowed for each first call. Default: 0.2; more than 0, at most 1. */
  readonly ratio?: number | undefined;
  /** Extra calls a second that are always allowed, for callers with little traffic. Default: 1. */
  readonly minPerSecond?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** Shared by all who call one dependency, so that retries can't multiply the load on it. */
export interface RetryBudget {
  /** A first call was made: it earns its share. */
  deposit(): void;
  /** Takes one extra call; false if there is none to take. */
  withdraw(): boolean;
  /** Extra calls that could be taken now. */
  readonly balance: number;
}

// Unused calls are saved for so long at most, so that a quiet night does not pay for a storm.
const savedSeconds = 10;
const savedCalls = 100;

/**
 * A token bucket of extra calls. Source: Finagle's RetryBudget.
 *
 * @throws ConfigurationError for a ratio outside (0, 1] or a negative floor.
 */
export function retryBudget(options: RetryBudgetOptions = {}): RetryBudget {
  const clock = checkCommon('retryBudget', options);
  const { ratio = 0.2, minPerSecond = 1 } = options;
  if (!(typeof ratio === 'number' && ratio > 0 && ratio <= 1))
    throw new ConfigurationError('retryBudget.ratio', 'a number above 0 and at most 1', ratio);
  if (!(Number.isFinite(minPerSecond) && minPerSecond >= 0)) {
    throw new ConfigurationError('retryBudget.minPerSecond', 'a finite number of at least 0', minPerSecond);
  }
  const mostEarned = ratio * savedCalls;
  const mostFloor = minPerSecond * savedSeconds;
  let earned = 0;
  let floor = mostFloor;
  let since = clock.now();
  const refill = () => {
    const now = clock.now();
    floor = Math.min(mostFloor, floor + ((now - since) / 1_000) * minPerSecond);
    since = now;
  };
  return Object.freeze<RetryBudget>({
    deposit() {
      earned = Math.min(mostEarned, earned + ratio);
    },
    withdraw() {
      refill();
      if (earned >= 1) earned -= 1;
      else if (floor >= 1) floor -= 1;
      else if (earned + floor >= 1) {
        floor -= 1 - earned;
        earned = 0;
      } else return false;
      return true;
    },
    get balance() {
      refill();
      return earned + floor;
    },
  });
}
