import { reportError } from '../time/index.ts';
import type { CircuitRecord } from './record.ts';
import {
  type Answer,
  answerOf,
  type CircuitEvent,
  type CircuitSettings,
  type Effect,
  type Ticket,
  transition,
} from './transition.ts';

/**
 * A shared circuit while its store is away: what was last seen of it, carried on by this process alone. One last seen open stays
 * open, and the process probes at most once in each open time.
 */
export class AwayCircuit {
  readonly #settings: CircuitSettings;
  #record: CircuitRecord;
  #admittedAt = Number.NEGATIVE_INFINITY;

  constructor(settings: CircuitSettings, record: CircuitRecord) {
    this.#settings = settings;
    this.#record = record;
  }

  /** @param now The store's time as far as anybody knows. */
  enter(now: number): Answer {
    const wait = this.#admittedAt + this.#settings.openFor - now;
    if (this.#record.state !== 'closed' && wait > 0) return { kind: 'rejected', retryAfter: wait };
    const answer = answerOf(this.#apply({ kind: 'enter' }, now));
    if (answer.kind === 'admitted') this.#admittedAt = now;
    return answer;
  }

  leave(ticket: Ticket, outcome: 'success' | 'failure' | 'ignored', now: number): void {
    this.#apply({ kind: 'leave', ticket, outcome }, now);
  }

  #apply(event: CircuitEvent, now: number): readonly Effect[] {
    const { record, effects } = transition(this.#settings, this.#record, event, now);
    this.#record = record;
    for (const effect of effects) if (effect.kind === 'fault') reportError(effect.error);
    return effects;
  }
}
