import type { Clock } from '../time/index.ts';
import type { CircuitRecord, CircuitState } from './record.ts';
import {
  type CircuitEvent,
  type CircuitSettings,
  type Effect,
  newCircuit,
  type Ticket,
  transition,
} from './transition.ts';

/** The circuit of one process: the record is in memory, and every answer is there at once. */
export class LocalCircuit {
  #record: CircuitRecord;
  readonly #settings: CircuitSettings;
  readonly #clock: Clock;
  readonly #moved: (from: CircuitState, to: CircuitState) => void;

  constructor(
    settings: CircuitSettings,
    clock: Clock,
    moved: (from: CircuitState, to: CircuitState) => void,
  ) {
    this.#settings = settings;
    this.#clock = clock;
    this.#moved = moved;
    this.#record = newCircuit(settings);
  }

  get state(): CircuitState {
    this.apply({ kind: 'tick' });
    return this.#record.state;
  }

  get record(): CircuitRecord {
    return this.#record;
  }

  /** Puts a record in the place of the present one, as a new epoch: results of earlier calls don't count. */
  restore(record: CircuitRecord): void {
    const from = this.#record.state;
    this.#record = structuredClone({
      ...record,
      epoch: Math.max(record.epoch, this.#record.epoch) + 1,
      probes: [],
    });
    if (from !== record.state) this.#moved(from, record.state);
  }

  /** A ticket, or the milliseconds to wait (undefined: nobody knows). */
  enter():
    | { readonly ticket: Ticket }
    | { readonly ticket: undefined; readonly retryAfter: number | undefined } {
    const { state, epoch } = this.#record;
    if (state === 'closed') return { ticket: { epoch, probe: null } };
    for (const effect of this.apply({ kind: 'enter' })) {
      if (effect.kind === 'admitted') return { ticket: effect.ticket };
      if (effect.kind === 'rejected') return { ticket: undefined, retryAfter: effect.retryAfter };
    }
    throw new Error('a circuit neither admitted nor rejected');
  }

  leave(ticket: Ticket, outcome: 'success' | 'failure' | 'ignored'): void {
    this.apply({ kind: 'leave', ticket, outcome });
  }

  apply(event: CircuitEvent): readonly Effect[] {
    const { record, effects } = transition(this.#settings, this.#record, event, this.#clock.now());
    this.#record = record;
    for (const effect of effects) if (effect.kind === 'moved') this.#moved(effect.from, effect.to);
    return effects;
  }
}
