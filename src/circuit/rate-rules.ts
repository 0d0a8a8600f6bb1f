import { ConfigurationError } from '../errors/index.ts';
import { type Duration, milliseconds } from '../time/index.ts';
import type { TripState } from './record.ts';
import type { Sample, TripRule } from './trip-rule.ts';
import { type Window, type WindowSize, windowOf } from './window.ts';

export interface FailureRateOptions {
  /** The share of failed calls at which the circuit opens: more than 0, at most 1. */
  readonly threshold: number;
  /**
   * Over the calls of so long (`'1m'`), or over the last so many (`{ calls: 100 }`). Default: 1 min. A window of time moves
   * in tenths of it.
   */
  readonly window?: WindowSize | undefined;
  /** With fewer calls than this in the window it never opens. Default: 10, or the window's `calls` if they are fewer. */
  readonly minimumCalls?: number | undefined;
}

export interface SlowCallsOptions {
  /** The share of slow calls at which the circuit opens: more than 0, at most 1. */
  readonly threshold: number;
  /** A call is slow once it has run for so long, whether or not it has ended. */
  readonly slowerThan: Duration;
  /** As in `failureRate`. */
  readonly window?: WindowSize | undefined;
  /** As in `failureRate`. */
  readonly minimumCalls?: number | undefined;
}

/**
 * Opens when too large a share of the calls in the window has failed.
 *
 * @throws ConfigurationError naming the option.
 */
export function failureRate(options: FailureRateOptions): TripRule {
  const { window, trips } = rate('failureRate', options);
  return Object.freeze<TripRule>({
    name: 'failureRate',
    counts: `failures in ${window.size}`,
    initial: window.initial,
    needs: window.timed ? 'time' : 'nothing',
    record: (state, { failed, running }, now) => (running ? state : window.add(state, failed, now)),
    trips,
  });
}

/**
 * Opens when too large a share of the calls in the window was slow. A call that hangs counts as soon as it is slow, and only
 * once. A probe is judged by success alone: set `probeTimeout` to what is slow, to have a slow one fail.
 *
 * @throws ConfigurationError naming the option.
 */
export function slowCalls(options: SlowCallsOptions): TripRule {
  const { window, trips } = rate('slowCalls', options);
  const slowerThan = milliseconds('slowCalls.slowerThan', options.slowerThan);
  const record = (state: TripState, { duration, running, reportedAt }: Sample, now: number) => {
    const counted = reportedAt >= slowerThan;
    const slow = duration >= slowerThan;
    return counted || (running && !slow) ? state : window.add(state, slow, now);
  };
  return Object.freeze<TripRule>({
    name: 'slowCalls',
    counts: `calls slower than ${slowerThan} ms in ${window.size}`,
    initial: window.initial,
    needs: 'duration',
    marks: [slowerThan],
    record,
    trips,
  });
}

function rate(
  name: string,
  options: FailureRateOptions,
): { readonly window: Window; readonly trips: TripRule['trips'] } {
  if (typeof options !== 'object' || options === null)
    throw new ConfigurationError(name, 'given an object of options', options);
  const { threshold, window: size = '1m' } = options;
  if (!(typeof threshold === 'number' && threshold > 0 && threshold <= 1))
    throw new ConfigurationError(`${name}.threshold`, 'a number above 0 and at most 1', threshold);
  const window = windowOf(`${name}.window`, size);
  const { minimumCalls = Math.min(10, window.capacity) } = options;
  if (!Number.isSafeInteger(minimumCalls) || minimumCalls < 1 || minimumCalls > window.capacity) {
    const most = window.capacity === Infinity ? '' : `, and at most the window's ${window.capacity} calls`;
    throw new ConfigurationError(`${name}.minimumCalls`, `a whole number of at least 1${most}`, minimumCalls);
  }
  return {
    window,
    trips(state, now) {
      const { calls, hits } = window.count(state, now);
      return calls >= minimumCalls && hits / calls >= threshold;
    },
  };
}
