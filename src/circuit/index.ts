export type { CircuitReading, CircuitStore } from './circuit-store.ts';
export { anyOf } from './any-of.ts';
export { checkedRecord } from './check-record.ts';
export { type CircuitHost, isTicket, LocalCircuit } from './local-circuit.ts';
export { type FailureRateOptions, failureRate, type SlowCallsOptions, slowCalls } from './rate-rules.ts';
export type { CircuitRecord, CircuitState, Probe, TripState } from './record.ts';
export {
  type Admission,
  type Outcome,
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
  type OpenTimeGrowth,
  type Ticket,
  type Transition,
  transition,
} from './transition.ts';
export {
  checkMarks,
  consecutiveFailures,
  defineTripRule,
  type Sample,
  type TripRule,
  type TripRuleDefinition,
} from './trip-rule.ts';
export type { WindowSize } from './window.ts';
