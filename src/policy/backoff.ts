import { ConfigurationError } from '../errors/index.ts';
import { type Duration, milliseconds } from '../time/index.ts';

/** What a backoff may look at. */
export interface Failure {
  /** What the attempt threw; undefined when its value was handled as a failure. */
  readonly error: unknown;
  /** The attempt that failed, from 1. */
  readonly attempt: number;
  /** Milliseconds waited before it; 0 before the first. */
  readonly previousDelay: number;
}

/** How long to wait after a failure, in milliseconds or as text. Pure, but for chance. */
export type Backoff = (failure: Failure, random: () => number) => Duration;

export interface BackoffOptions {
  /** The first step. Default: 1 s. */
  readonly base?: Duration | undefined;
  /** The longest delay. Default: 30 s. */
  readonly cap?: Duration | undefined;
}

/** Always the same delay; zero means at once, without a timer. */
export function constant(delay: Duration): Backoff {
  const fixed = milliseconds('constant', delay, { zero: true });
  return () => fixed;
}

/**
 * `min(cap, base · factor^(attempt − 1))`. All who failed together come back together: prefer a jittered one.
 *
 * @param options.factor Default: 2; at least 1.
 */
export function exponential(
  options: BackoffOptions & { readonly factor?: number | undefined } = {},
): Backoff {
  const [base, cap] = range('exponential', options);
  const { factor = 2 } = options;
  if (!(Number.isFinite(factor) && factor >= 1))
    throw new ConfigurationError('exponential.factor', 'a number of at least 1', factor);
  return ({ attempt }) => grown(base, cap, factor, attempt);
}

/**
 * `uniform(0, min(cap, base · 2^(attempt − 1)))`: fewest calls in all under contention.
 *
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function fullJitter(options: BackoffOptions = {}): Backoff {
  const [base, cap] = range('fullJitter', options);
  return ({ attempt }, random) => random() * grown(base, cap, 2, attempt);
}

/** Half of the exponential delay, and chance for the other half. Source: as `fullJitter`. */
export function equalJitter(options: BackoffOptions = {}): Backoff {
  const [base, cap] = range('equalJitter', options);
  return ({ attempt }, random) => {
    const half = grown(base, cap, 2, attempt) / 2;
    return half + random() * half;
  };
}

/**
 * `uniform(base, min(cap, 3 · previous delay))`: done soonest under contention. The cap stands inside, so that delays
 * still differ once they have reached it. Source: as `fullJitter`, "decorrelated jitter".
 */
export function decorrelatedJitter(options: BackoffOptions = {}): Backoff {
  const [base, cap] = range('decorrelatedJitter', options);
  return ({ previousDelay }, random) => {
    const upper = Math.min(cap, 3 * Math.max(base, previousDelay));
    return base + random() * (upper - base);
  };
}

/** The delays in order, the last one again and again. @throws ConfigurationError for an empty list. */
export function sequence(delays: Iterable<Duration>): Backoff {
  const steps = Array.from(delays ?? [], (delay, index) =>
    milliseconds(`sequence[${index}]`, delay, { zero: true }),
  );
  if (steps.length === 0) throw new ConfigurationError('sequence', 'a list with at least one delay', delays);
  return ({ attempt }) => steps[Math.min(attempt, steps.length) - 1] as number;
}

function range(name: string, options: BackoffOptions): readonly [base: number, cap: number] {
  if (typeof options !== 'object' || options === null)
    throw new ConfigurationError(name, 'given an object of options', options);
  const { base = '1s', cap = '30s' } = options;
  const least = milliseconds(`${name}.base`, base);
  const most = milliseconds(`${name}.cap`, cap);
  if (most < least) throw new ConfigurationError(`${name}.cap`, `at least base (${least} ms)`, cap);
  return [least, most];
}

function grown(base: number, cap: number, factor: number, attempt: number): number {
  // factor^attempt may overflow to Infinity, which the cap bounds.
  return Math.min(cap, base * factor ** (attempt - 1));
}
