import type { CircuitRecord } from './record.ts';
import { type CircuitSettings, type Effect, type Ticket, transition } from './transition.ts';

/**
 * A shared circuit while its store is away: what was last seen of it, carried on by this process alone. One last seen open stays
 * open, and the process probes at most once in each open time.
 */
export class AwayCircuit {
  readonly #settings: CircuitSettings;
  #record: CircuitRecord;
  #probedAt = Number.NEGATIVE_INFINITY;

  constructor(settings: CircuitSettings, record: CircuitRecord) {
    this.#settings = settings;
    this.#record = record;
  }

  get record(): CircuitRecord {
    return this.#record;
  }

  /** @param now The store's time as far as anybody knows. */
  enter(now: number): Effect & { readonly kind: 'admitted' | 'rejected' } {
    const wait = this.#probedAt + this.#settings.openFor - now;
    if (this.#record.state !== 'closed' && wait > 0) return { kind: 'rejected', retryAfter: wait };
    const { record, effects } = transition(this.#settings, this.#record, { kind: 'enter' }, now);
    this.#record = record;
    for (const effect of effects) {
      if (effect.kind === 'moved') continue;
      if (effect.kind === 'admitted' && effect.ticket.probe !== null) this.#probedAt = now;
      return effect;
    }
    throw new Error('a circuit neither admitted nor rejected');
  }

  leave(ticket: Ticket, outcome: 'success' | 'failure' | 'ignored', now: number): void {
    this.#record = transition(this.#settings, this.#record, { kind: 'leave', ticket, outcome }, now).record;
  }
}
