import { type Clock, reportError } from '../time/index.ts';
import type { CircuitRecord, CircuitState } from './record.ts';
import {
  answerOf,
  atWork,
  type CircuitEvent,
  type CircuitSettings,
  carriedOn,
  counting,
  type Effect,
  newCircuit,
  type Ticket,
  transition,
} from './transition.ts';
import type { Sample } from './trip-rule.ts';

/** Not admitted; milliseconds until a call may be (undefined: nobody knows). */
export interface Refusal {
  readonly retryAfter: number | undefined;
}

/** Who hears of the changes of state. */
export interface CircuitHost {
  moved(from: CircuitState, to: CircuitState): void;
}

/** The circuit of one process: the record is in memory, and every answer is there at once. */
export class LocalCircuit {
  #record: CircuitRecord;
  readonly #settings: CircuitSettings;
  readonly #clock: Clock;
  readonly #host: CircuitHost;
  // All calls that a closed circuit admits in one epoch hold the same ticket.
  #closedTicket: Ticket | undefined;

  constructor(settings: CircuitSettings, clock: Clock, host: CircuitHost) {
    this.#settings = settings;
    this.#clock = clock;
    this.#host = host;
    this.#record = newCircuit(settings);
  }

  get state(): CircuitState {
    this.apply({ kind: 'tick' });
    return this.#record.state;
  }

  get record(): CircuitRecord {
    return this.#record;
  }

  /**
   * Puts a record in the place of the present one, as a new epoch: results of earlier calls don't count. The probes that are at
   * work keep their places; those of the record are none of ours.
   *
   * @param held It is isolated, whatever the record says. Default: false.
   */
  restore(record: CircuitRecord, held = false): void {
    const before = this.#record;
    const now = this.#clock.now();
    const restored = structuredClone({
      ...carriedOn(this.#settings, record),
      epoch: Math.max(record.epoch, before.epoch) + 1,
      probes: [],
      lingering: atWork(before, now),
      nextProbe: Math.max(record.nextProbe, before.nextProbe),
    });
    this.#record = held ? transition(this.#settings, restored, { kind: 'isolate' }, now).record : restored;
    const { state } = this.#record;
    if (before.state !== state) this.#host.moved(before.state, state);
  }

  /** The ticket of all calls admitted now; undefined unless it is closed. */
  get closedTicket(): Ticket | undefined {
    const { state, epoch } = this.#record;
    if (state !== 'closed') return undefined;
    if (this.#closedTicket?.epoch !== epoch) this.#closedTicket = { epoch, probe: null };
    return this.#closedTicket;
  }

  enter(): Ticket | Refusal {
    const closed = this.closedTicket;
    if (closed !== undefined) return closed;
    const refused = this.refusal();
    if (refused !== undefined) return refused;
    const answer = answerOf(this.apply({ kind: 'enter' }));
    if (answer.kind === 'rejected') return { retryAfter: answer.retryAfter };
    const { ticket } = answer;
    if (ticket.epoch === this.#record.epoch) return ticket;
    // Who heard that it moved has moved it on.
    this.apply({ kind: 'leave', ticket, outcome: 'ignored' });
    return this.enter();
  }

  /** Why nobody is admitted, where that is so for sure: very many calls may be turned away while it is open. */
  refusal(): Refusal | undefined {
    const { state, openUntil } = this.#record;
    if (state !== 'open') return undefined;
    const retryAfter = (openUntil ?? 0) - this.#clock.now();
    return retryAfter > 0 ? { retryAfter } : undefined;
  }

  /** An admitted call has ended. */
  leave(ticket: Ticket, outcome: 'success' | 'failure' | 'ignored', sample: Sample): void {
    const record = this.#record;
    // What changes nothing needs neither the time nor the machine; a probe may have a place to give back.
    if (record.state === 'closed' && ticket.probe === null) {
      if (outcome === 'ignored' || ticket.epoch !== record.epoch) return;
      const { needs } = this.#settings.trip;
      if (needs === 'nothing' && this.#isUnmovedBy(sample)) return;
    }
    const { duration, reportedAt } = sample;
    this.apply({ kind: 'leave', ticket, outcome, duration, reportedAt });
  }

  apply(event: CircuitEvent): readonly Effect[] {
    const { record, effects } = transition(this.#settings, this.#record, event, this.#clock.now());
    this.#record = record;
    for (const effect of effects) {
      if (effect.kind === 'moved') this.#host.moved(effect.from, effect.to);
      else if (effect.kind === 'fault') reportError(effect.error);
    }
    return effects;
  }

  #isUnmovedBy(sample: Sample): boolean {
    try {
      return counting(this.#settings, this.#record, sample, 0) === this.#record;
    } catch {
      // Whoever asks the rule again will tell.
      return false;
    }
  }
}

export function isTicket(admission: Ticket | Refusal): admission is Ticket {
  return 'epoch' in admission;
}
