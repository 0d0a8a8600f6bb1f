import type { Config } from '../../context/index.ts';
import { ConfigurationError } from '../../errors/index.ts';

/** Milliseconds each. */
export interface Timeouts {
  readonly http: number;
  readonly bigquery: number;
  readonly storage: number;
  readonly store: number;
  /** One call of one heartbeat sink. */
  readonly sink: number;
}

/**
 * Checks that what happens within something ends before it: a call before its processor, the record of a run before its lease, a
 * heartbeat through all sinks before the next.
 *
 * @throws ConfigurationError naming the one that is too long.
 */
export function checkNesting(timeouts: Timeouts, config: Config, sinks: number): void {
  const { processor, heartbeat, processors } = config;
  for (const name of ['http', 'bigquery', 'storage'] as const) {
    if (timeouts[name] > processor.timeout)
      throw tooLong(name, `the processor's time-out (${processor.timeout} ms)`, timeouts[name]);
    for (const [key, { timeout }] of Object.entries(processors)) {
      if (timeout === undefined || timeouts[name] <= timeout) continue;
      const field = `config.processors.${key}.timeout`;
      throw new ConfigurationError(field, `at least timeouts.${name} (${timeouts[name]} ms)`, timeout);
    }
  }
  // A claim outlives time-out and grace by a minute, in which the run is recorded.
  if (timeouts.store > recordingTime)
    throw tooLong('store', `the time to record a run (${recordingTime} ms)`, timeouts.store);
  if (timeouts.sink * sinks >= heartbeat.interval) {
    const each = Math.floor(heartbeat.interval / sinks);
    throw tooLong('sink', `the interval between beats over ${sinks} sinks (${each} ms)`, timeouts.sink);
  }
}

const recordingTime = 60_000;

function tooLong(name: string, bound: string, given: number): ConfigurationError {
  return new ConfigurationError(`timeouts.${name}`, `at most ${bound}`, given);
}
