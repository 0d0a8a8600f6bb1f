/** JSON that a trip rule keeps between calls. */
export type TripState =
  | null
  | boolean
  | number
  | string
  | readonly TripState[]
  | { readonly [name: string]: TripState };

export type CircuitState = 'closed' | 'open' | 'half-open' | 'isolated';

/** A circuit as data: JSON, so that it can live in a store. Times are milliseconds of whichever clock drives it. */
export interface CircuitRecord {
  readonly state: CircuitState;
  /** Grows with every change of state: the result of another epoch's call is ignored. */
  readonly epoch: number;
  /** What the trip rule remembers; counted in `closed` only. */
  readonly trip: TripState;
  /** What that counts; where another rule goes on with the record, or one set differently, it starts from nothing. */
  readonly counts?: string | undefined;
  /** Failures since the last success, for people. */
  readonly failures: number;
  /** When it opened last; null in `closed`. */
  readonly openedAt: number | null;
  /** When an open circuit admits probes. */
  readonly openUntil: number | null;
  /** The probes at work in `half-open`, each with the time by which it must have ended. */
  readonly probes: readonly Probe[];
  /** Probes of earlier epochs that may still be at work: what they find is ignored, but their places are taken. */
  readonly lingering: readonly Probe[];
  readonly nextProbe: number;
  /** Probes of this epoch that succeeded. */
  readonly successes: number;
  /** Kept only where the open time grows: how often it has grown, and when the circuit closed last. */
  readonly growth?: { readonly steps: number; readonly closedAt: number } | undefined;
}

export interface Probe {
  readonly id: number;
  readonly expires: number;
  /** Who has the place, where a retry must know its own. */
  readonly holder?: string | undefined;
}
