export type { CircuitReading, CircuitStore } from './circuit-store.ts';
export { LocalCircuit } from './local-circuit.ts';
export type { CircuitRecord, CircuitState, Probe, TripState } from './record.ts';
export {
  type Admission,
  type SharedCircuit,
  type SharedCircuitEvent,
  type SharedCircuitOptions,
  sharedCircuit,
} from './shared-circuit.ts';
export {
  type CircuitEvent,
  type CircuitSettings,
  type Effect,
  newCircuit,
  type Ticket,
  type Transition,
  transition,
} from './transition.ts';
export { consecutiveFailures, type TripRule } from './trip-rule.ts';
