import {
  consecutiveFailures,
  type SharedCircuit,
  type SharedCircuitEvent,
  sharedCircuit,
} from '../circuit/index.ts';
import type { Context } from '../context/index.ts';
import { circuitStore } from '../store/index.ts';
import type { ProcessorDefinition } from './definition.ts';

/** The circuit of one output and date: the same record for whoever runs, probes or looks at it. */
export function processorCircuit(
  { store, config, clock }: Context,
  { definition, key }: { readonly definition: ProcessorDefinition; readonly key: string },
  options: {
    /** A probe is a whole run: by then its place is free again. */
    readonly probeTimeout: number;
    readonly on?: ((event: SharedCircuitEvent) => void) | undefined;
  },
): SharedCircuit {
  return sharedCircuit({
    store: circuitStore(store),
    key: `processor/${key}`,
    trip: consecutiveFailures(definition.circuit.failures ?? config.circuit.failures),
    openFor: definition.circuit.openFor ?? config.circuit.openFor,
    probes: 1,
    successes: 1,
    clock,
    ...options,
  });
}
