import { consecutiveFailures, type SharedCircuit, sharedCircuit } from '../circuit/index.ts';
import { type Context, settingsFor } from '../context/index.ts';
import { circuitStore, type Store } from '../store/index.ts';
import type { ProcessorDefinition } from './definition.ts';

const mostKept = 1_000;
// As much as a claim outlasts time-out and grace by.
const recordingTime = 60_000;

// What a process has seen of a circuit serves all its runs, so one host for each of a store's circuits.
const circuits = new WeakMap<Store, Map<string, SharedCircuit>>();

/** The circuit of one output and date: the same record for whoever runs, probes or looks at it. */
export function processorCircuit(
  { store, config, clock, logger, random }: Context,
  { definition, key }: { readonly definition: ProcessorDefinition; readonly key: string },
): SharedCircuit {
  const kept = circuits.get(store) ?? new Map<string, SharedCircuit>();
  circuits.set(store, kept);
  const known = kept.get(key);
  if (known !== undefined) return known;
  const { timeout, failures, openFor } = settingsFor(config, definition);
  const circuit = sharedCircuit({
    store: circuitStore(store),
    key: `processor/${key}`,
    client: `${config.instance}/${Math.floor(random() * 2 ** 40).toString(36)}`,
    trip: consecutiveFailures(failures),
    openFor,
    // A probe is a whole run: its place is free again when the claim would be.
    probeTimeout: timeout + config.processor.grace + recordingTime,
    probes: 1,
    successes: 1,
    clock,
    on(event) {
      if (event.kind === 'moved')
        logger.warn(`circuit ${event.key} went from ${event.from} to ${event.to}`, { ...event, key });
      else if (event.kind === 'degraded')
        logger.warn(`circuit ${event.key} could not be kept: the store is away`, { ...event, key });
      else logger.info(`circuit ${event.key} is kept in the store again`, { ...event, key });
    },
  });
  kept.set(key, circuit);
  const oldest = kept.keys().next();
  if (kept.size > mostKept && !oldest.done) kept.delete(oldest.value);
  return circuit;
}
