import {
  type CircuitRecord,
  consecutiveFailures,
  type SharedCircuitEvent,
  sharedCircuit,
} from '../circuit/index.ts';
import type { Context } from '../context/index.ts';
import { CircuitOpenError, ConfigurationError, kindOf } from '../errors/index.ts';
import { circuitStore } from '../store/index.ts';
import { type Duration, milliseconds } from '../time/index.ts';

export interface SystemCircuitOptions {
  /** The system's name, such as a model's: the circuit's key in the store is `system/<name>`. */
  readonly name: string;
  /** Failures in a row that open it. Default: 5. */
  readonly failures?: number | undefined;
  /** From opening until it is tried again. Default: 30 minutes. */
  readonly openFor?: Duration | undefined;
  /** Successes in a row that close it again. Default: 2. */
  readonly successes?: number | undefined;
  /** By when a trial must have ended. Default: one minute. */
  readonly probeTimeout?: Duration | undefined;
  /** Hears of changes of state, and of the store's absence. */
  readonly on?: ((event: SharedCircuitEvent) => void) | undefined;
}

/** A circuit around one system, such as a prediction model, that all processes share. */
export interface SystemCircuit {
  readonly name: string;
  /** Calls the system, unless the circuit is open. @throws CircuitOpenError, and what the system throws. */
  execute<T>(operation: () => Promise<T> | T): Promise<T>;
  /** The record, or undefined if it was never used. @throws StoreUnavailableError */
  snapshot(): Promise<CircuitRecord | undefined>;
}

// Many calls a second may use a system; Firestore takes about one write a second of one document.
const writeEvery = 1_000;

/**
 * The circuit of a system that several processes use. Whatever the system throws counts as its failure, except a cancellation.
 *
 * @example
 * const circuit = systemCircuit(context, { name: 'moving_average' });
 * const points = await circuit.execute(() => movingAverage(players));
 * @throws ConfigurationError naming the option.
 */
export function systemCircuit(
  { store, clock, config, random }: Pick<Context, 'store' | 'clock' | 'config' | 'random'>,
  options: SystemCircuitOptions,
): SystemCircuit {
  const { name, failures = 5, openFor = '30m', successes = 2, probeTimeout = '1m', on } = options;
  if (!/^[A-Za-z_][\w-]*$/.test(name))
    throw new ConfigurationError('systemCircuit.name', "a name such as 'moving_average'", name);
  if (!(Number.isSafeInteger(successes) && successes > 0))
    throw new ConfigurationError('systemCircuit.successes', 'a whole number of at least 1', successes);
  const circuit = sharedCircuit({
    store: circuitStore(store),
    key: `system/${name}`,
    client: `${config.instance}/${Math.floor(random() * 2 ** 40).toString(36)}`,
    trip: consecutiveFailures(failures),
    openFor: milliseconds('systemCircuit.openFor', openFor),
    probes: 1,
    successes,
    probeTimeout: milliseconds('systemCircuit.probeTimeout', probeTimeout),
    writeEvery,
    clock,
    on,
  });
  return {
    name,
    async execute(operation) {
      const admission = await circuit.enter();
      if (!admission.admitted) throw new CircuitOpenError(name, admission.retryAfter);
      let value: Awaited<ReturnType<typeof operation>>;
      try {
        value = await operation();
      } catch (error) {
        const kind = kindOf(error);
        await circuit.leave(admission, kind === 'cancelled' ? 'ignored' : 'failure');
        throw error;
      }
      await circuit.leave(admission, 'success');
      return value;
    },
    snapshot: () => circuit.snapshot(),
  };
}
