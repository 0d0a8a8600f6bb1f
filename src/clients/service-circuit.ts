import { ConfigurationError } from '../errors/index.ts';
import { type CircuitBreaker, circuitBreaker, consecutiveFailures } from '../policy/index.ts';
import { type Clock, type Duration, milliseconds } from '../time/index.ts';

/** When calls of a service that keeps failing are no longer made. */
export interface ServiceCircuitOptions {
  /** Failed calls in a row until the circuit opens; Infinity: it never does, as for what has a circuit around it. Default: 5. */
  readonly failures?: number | undefined;
  /** From opening until it is probed. Default: 5 min. */
  readonly openFor?: Duration | undefined;
  /** Probes at once, all of which must succeed. Default: 3. */
  readonly probes?: number | undefined;
}

/**
 * The circuit of one service, an API or an origin. It counts in this process alone.
 *
 * A probe may take an hour (`probeTimeout`): far longer than calls do, for each ends within a time of its own, and one that succeeds late
 * shows as well as any that the service is back. A call that was given more and hangs holds a probe's place no longer than that.
 *
 * @throws ConfigurationError naming the option.
 */
export function serviceCircuit(
  name: string,
  options: ServiceCircuitOptions & { readonly clock: Clock; readonly probeTimeout?: Duration | undefined },
): CircuitBreaker {
  const { failures = 5, openFor = '5m', probes = 3, clock, probeTimeout = '1h' } = options;
  const most = failures === Infinity ? Number.MAX_SAFE_INTEGER : atLeastOne('circuit.failures', failures);
  return circuitBreaker({
    name,
    trip: consecutiveFailures(most),
    openFor: milliseconds('circuit.openFor', openFor),
    probes: atLeastOne('circuit.probes', probes),
    probeTimeout,
    clock,
  });
}

function atLeastOne(field: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new ConfigurationError(field, 'a whole number of at least 1', value);
}
