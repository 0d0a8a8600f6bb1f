import { type CircuitBreaker, circuitBreaker, consecutiveFailures } from '../policy/index.ts';
import type { Clock, Duration } from '../time/index.ts';

/** When calls of a service that keeps failing are no longer made. */
export interface ServiceCircuitOptions {
  /** Failed calls in a row until the circuit opens. Default: 5. */
  readonly failures?: number | undefined;
  /** From opening until it is probed. Default: 5 min. */
  readonly openFor?: Duration | undefined;
  /** Probes at once, all of which must succeed. Default: 3. */
  readonly probes?: number | undefined;
}

/**
 * The circuit of one service, an API or an origin. It counts in this process alone.
 *
 * @throws ConfigurationError naming the option.
 */
export function serviceCircuit(
  name: string,
  options: ServiceCircuitOptions & { readonly clock: Clock; readonly probeTimeout: number },
): CircuitBreaker {
  const { failures = 5, openFor = '5m', probes = 3, clock, probeTimeout } = options;
  return circuitBreaker({ name, trip: consecutiveFailures(failures), openFor, probes, probeTimeout, clock });
}
