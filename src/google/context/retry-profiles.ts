import { ConfigurationError } from '../../errors/index.ts';
import { type Backoff, decorrelatedJitter, equalJitter, fullJitter } from '../../policy/index.ts';

/** Options of a retry, but for what belongs to its caller. */
export interface RetryProfile {
  readonly attempts: number;
  readonly backoff: Backoff;
}

/**
 * How often and how long to try again, by what is asked.
 *
 * - `fast`: for somebody who waits; three attempts within about a second.
 * - `standard`: an API; four attempts within about half a minute.
 * - `patient`: something that comes back by itself; six attempts within minutes.
 * - `aggressive`: cheap and harmless requests; eight attempts within seconds.
 * - `bigquery`: jobs; five attempts, at most a second apart, then two, four and eight, and at least half of that.
 * - `pubsub`: publishing; five attempts within about ten seconds.
 */
const profiles = {
  fast: { attempts: 3, backoff: fullJitter({ base: '100ms', cap: '1s' }) },
  standard: { attempts: 4, backoff: decorrelatedJitter({ base: '1s', cap: '15s' }) },
  patient: { attempts: 6, backoff: decorrelatedJitter({ base: '2s', cap: '60s' }) },
  aggressive: { attempts: 8, backoff: fullJitter({ base: '200ms', cap: '2s' }) },
  bigquery: { attempts: 5, backoff: equalJitter({ base: '1s', cap: '32s' }) },
  pubsub: { attempts: 5, backoff: decorrelatedJitter({ base: '250ms', cap: '5s' }) },
} as const satisfies Record<string, RetryProfile>;

export type RetryProfileName = keyof typeof profiles;

/**
 * A named profile, for `retry(retryProfile('patient'))`.
 *
 * @throws ConfigurationError for a name that is none.
 */
export function retryProfile(name: RetryProfileName): RetryProfile {
  if (!Object.hasOwn(profiles, name))
    throw new ConfigurationError('retryProfile', `one of ${Object.keys(profiles).join(', ')}`, name);
  return profiles[name];
}
