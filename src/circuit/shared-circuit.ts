import { StoreUnavailableError } from '../errors/index.ts';
import { type Clock, reportError, sleep, type Timer, withinTime } from '../time/index.ts';
import { AwayCircuit } from './away.ts';
import type { CircuitReading, CircuitStore } from './circuit-store.ts';
import type { CircuitRecord, CircuitState } from './record.ts';
import {
  answerOf,
  type CircuitEvent,
  type CircuitSettings,
  carriedOn,
  type Effect,
  newCircuit,
  type Ticket,
  transition,
} from './transition.ts';

export interface SharedCircuitOptions extends CircuitSettings {
  readonly store: CircuitStore;
  readonly key: string;
  readonly clock: Clock;
  /** Tells this client's events from those of all others that ever were. */
  readonly client: string;
  /**
   * Where failures are counted: `everywhere` writes each of them to the store, and the success that resets them, so that
   * processes that do one run and die still add up; `here` counts in this process and writes changes of state. Default: `everywhere`.
   */
  readonly counted?: 'everywhere' | 'here' | undefined;
  /**
   * How often the record may be written in the long run by all processes together, in milliseconds from write to write; ten may
   * come at once. Counts beyond that are gathered and written together, but what changes the state is written at once. Default: 0, no limit.
   */
  readonly writeEvery?: number | undefined;
  /** How long a record that was read serves to admit or reject, in milliseconds. Default: 3,000. */
  readonly cacheFor?: number | undefined;
  /** Hears of changes of state, and of the store's absence and return. What it throws changes nothing. */
  readonly on?: ((event: SharedCircuitEvent) => void) | undefined;
}

export type SharedCircuitEvent =
  | { readonly kind: 'moved'; readonly key: string; readonly from: CircuitState; readonly to: CircuitState }
  | { readonly kind: 'degraded'; readonly key: string; readonly error: unknown }
  | { readonly kind: 'restored'; readonly key: string };

export type Outcome = 'success' | 'failure' | 'ignored';

export type Admission =
  | {
      readonly admitted: true;
      readonly ticket: Ticket;
      /** Given while the store was away: its result is counted here, and merged when the store is back. */
      readonly away: boolean;
    }
  | { readonly admitted: false; readonly retryAfter: number | undefined };

/** One circuit for many processes: its record lives in a store, and its time is the store's. */
export interface SharedCircuit {
  /** The store is away: what holds is what this process saw last. */
  readonly degraded: boolean;
  enter(): Promise<Admission>;
  /** Counts how the admitted work ended; never fails. */
  leave(admission: Admission & { readonly admitted: true }, outcome: Outcome): Promise<void>;
  /** Counts the end of work that nobody admitted here, such as that of a process that died. */
  count(outcome: 'success' | 'failure'): Promise<void>;
  /** What it protects is there again. */
  ready(): Promise<void>;
  /** Lets nothing through until `reset`. @throws StoreUnavailableError */
  isolate(): Promise<void>;
  /** Closes it, as if it were new. @throws StoreUnavailableError */
  reset(): Promise<void>;
  /** The record, or undefined if it was never used. @throws StoreUnavailableError */
  snapshot(): Promise<CircuitRecord | undefined>;
}

interface Seen {
  readonly record: CircuitRecord;
  /** Monotonic milliseconds at which it was read. */
  readonly at: number;
  /** The store's time less this process's monotonic one. */
  readonly aheadBy: number;
}

interface Pending {
  readonly id: string;
  readonly outcome: Outcome;
  /** By which it was admitted; without one it counts in whichever epoch it is. */
  readonly ticket?: Ticket | undefined;
}

const storeCallTime = 5_000;
const mostTries = 20;
const tryAgainEvery = 10_000;
// Enough for all that may be under way at the same time; a circuit's record stays small.
const mostApplied = 20;
const mostPending = 100;
const writesAtOnce = 10;

/**
 * A circuit on a store, changed by compare-and-set. Every event bears an id, so that a retry after an answer that was lost finds
 * that it is in the record already. While the store is away this process carries on by itself, and what it counted is merged
 * into the record when the store is back.
 */
export function sharedCircuit(options: SharedCircuitOptions): SharedCircuit {
  const { store, key, clock, client, on = () => {}, cacheFor = 3_000, counted = 'everywhere' } = options;
  const { writeEvery = 0 } = options;
  // What is counted here arrives as one failure, which opens.
  const settings: CircuitSettings = counted === 'here' ? { ...options, trip: opensAtOnce } : options;
  let seen: Seen | undefined;
  let away: (AwayCircuit & { tryAt?: number }) | undefined;
  let pending: Pending[] = [];
  let here = options.trip.initial;
  let hereSince = 0;
  let events = 0;
  let gathering: Timer | undefined;

  const nextId = () => `${client}:${events++}`;
  const storeTime = () => clock.now() + (seen?.aheadBy ?? 0);

  /** What was counted and not yet written, on top of what the store says. */
  function merged(read: CircuitReading): {
    readonly base: CircuitRecord;
    readonly record: CircuitRecord;
    readonly effects: readonly Effect[];
  } {
    const base = carriedOn(settings, read.record ?? newCircuit(settings));
    let record = base;
    const effects: Effect[] = [];
    for (const { id, outcome, ticket = { epoch: record.epoch, probe: null } } of pending) {
      if (read.applied.includes(id)) continue;
      const next = transition(settings, record, { kind: 'leave', ticket, outcome }, read.time);
      record = next.record;
      effects.push(...next.effects);
    }
    return { base, record, effects };
  }

  async function apply(event: CircuitEvent, id: string, sparing: boolean): Promise<readonly Effect[]> {
    return withinTime(clock, storeCallTime, `call of the store for circuit ${key}`, async (signal) => {
      let sent: readonly string[] = [];
      for (let attempt = 0, errors = 0; attempt < mostTries; attempt++) {
        const read = await store.read(key, { signal });
        const landed = read.applied.includes(id);
        // What went with it has landed too, though the record no longer names all of it.
        if (landed) pending = pending.filter((entry) => !sent.includes(entry.id));
        const before = merged(read);
        const { record, effects } = landed
          ? { record: before.record, effects: adopted(before.record, id) }
          : transition(settings, before.record, event, read.time);
        const applied = [...read.applied, ...pending.map((entry) => entry.id), ...(landed ? [] : [id])];
        // A record that says no more than none at all, or the same, needs no write.
        const isNew = record !== before.base;
        const all = [...before.effects, ...effects];
        const writesUntil = Math.max(read.writesUntil ?? 0, read.time) + writeEvery;
        const wait = writesUntil - writesAtOnce * writeEvery - read.time;
        if (sparing && isNew && wait > 0 && !all.some(({ kind }) => kind === 'moved')) {
          isBack({ record: before.base, at: clock.now(), aheadBy: read.time - clock.now() });
          gatherFor(wait);
          return all;
        }
        sent = applied;
        try {
          const next = {
            record,
            applied: applied.slice(-mostApplied),
            ...(writeEvery > 0 && { writesUntil }),
          };
          if (isNew && !(await store.write(key, next, read, { signal }))) continue;
        } catch (error) {
          // Whether it landed is not known: the next read tells.
          if (signal.aborted || ++errors > 2) throw error;
          await sleep(clock, 50 * errors, signal);
          continue;
        }
        pending = pending.filter((entry) => !applied.includes(entry.id));
        isBack({ record, at: clock.now(), aheadBy: read.time - clock.now() });
        if (pending.length === 0) stopGathering();
        for (const effect of all) {
          if (effect.kind === 'moved') tell({ ...effect, key });
          else if (effect.kind === 'fault') reportError(effect.error);
        }
        return all;
      }
      throw new StoreUnavailableError(`Circuit ${key} changed ${mostTries} times while it was being read`);
    });
  }

  // Of what it throws the store knows nothing: it would look like its absence.
  function tell(event: SharedCircuitEvent): void {
    try {
      on(event);
    } catch (error) {
      reportError(error);
    }
  }

  function isBack(now: Seen): void {
    seen = now;
    if (away === undefined) return;
    away = undefined;
    tell({ kind: 'restored', key });
  }

  function isAway(error: unknown): AwayCircuit {
    if (away === undefined) {
      tell({ kind: 'degraded', key, error });
      away = new AwayCircuit(settings, seen?.record ?? newCircuit(settings));
    }
    away.tryAt = clock.now() + tryAgainEvery;
    return away;
  }

  /** The effects, or the circuit of this process alone if the store does not answer. */
  async function attempt(
    event: CircuitEvent,
    id = nextId(),
    sparing = false,
  ): Promise<readonly Effect[] | AwayCircuit> {
    if (away !== undefined && clock.now() < (away.tryAt ?? 0)) return away;
    try {
      return await apply(event, id, sparing);
    } catch (error) {
      return isAway(error);
    }
  }

  /** What a fresh enough record says without a question to the store; undefined where it must be asked. */
  function fromCache(): Admission | undefined {
    if (seen === undefined || away !== undefined || clock.now() - seen.at >= cacheFor) return undefined;
    const { state, epoch, openUntil } = seen.record;
    if (state === 'closed') return { admitted: true, ticket: { epoch, probe: null }, away: false };
    const left = (openUntil ?? 0) - storeTime();
    return state === 'open' && left > 0 ? { admitted: false, retryAfter: left } : undefined;
  }

  async function count(outcome: 'success' | 'failure', id = nextId()): Promise<void> {
    pending = [...pending, { id, outcome }].slice(-mostPending);
    await attempt({ kind: 'tick' });
  }

  /** Whether this end of a call, counted in this process, is the one that opens; of an earlier epoch (if it has any) it is none. */
  function tripsHere(failed: boolean, epoch = hereSince): boolean {
    if (epoch < hereSince) return false;
    if (epoch > hereSince) here = options.trip.initial;
    hereSince = epoch;
    const sample = { failed, running: false, duration: 0, reportedAt: 0 };
    try {
      const counts = options.trip.record(here, sample, storeTime());
      const trips = options.trip.trips(counts, storeTime());
      here = trips ? options.trip.initial : counts;
      return trips;
    } catch (error) {
      reportError(error);
      return false;
    }
  }

  return {
    get degraded() {
      return away !== undefined;
    },
    async enter() {
      const cached = fromCache();
      if (cached !== undefined) return cached;
      const id = nextId();
      const effects = await attempt({ kind: 'enter', holder: id }, id);
      const isDegraded = effects instanceof AwayCircuit;
      const answer = isDegraded ? effects.enter(storeTime()) : answerOf(effects);
      if (answer.kind === 'rejected') return { admitted: false, retryAfter: answer.retryAfter };
      return { admitted: true, ticket: answer.ticket, away: isDegraded };
    },
    async leave({ ticket, away: wasAway }, outcome) {
      if (wasAway) away?.leave(ticket, outcome, storeTime());
      else if (ticket.probe !== null) return attemptToLeave(ticket, outcome);
      if (outcome === 'ignored') return;
      const isHere = counted === 'here';
      if (isHere && !tripsHere(outcome === 'failure', wasAway ? undefined : ticket.epoch)) return;
      // What trips here opens there, and be it by a success.
      const told = isHere ? 'failure' : outcome;
      if (wasAway) await count(told);
      else await attemptToLeave(ticket, told);
    },
    count,
    async ready() {
      await attempt({ kind: 'ready' });
    },
    async isolate() {
      await apply({ kind: 'isolate' }, nextId(), false);
    },
    async reset() {
      await apply({ kind: 'reset' }, nextId(), false);
    },
    snapshot: () =>
      withinTime(
        clock,
        storeCallTime,
        `call of the store for circuit ${key}`,
        async (signal) => (await store.read(key, { signal })).record,
      ),
  };

  async function attemptToLeave(ticket: Ticket, outcome: Outcome): Promise<void> {
    const cached = seen !== undefined && clock.now() - seen.at < cacheFor ? seen.record : undefined;
    const changesNothing =
      outcome === 'success' && cached?.state === 'closed' && cached.failures === 0 && pending.length === 0;
    // A success after successes costs neither a read nor a write, but where the trip rule wants to see each.
    if (ticket.probe === null && changesNothing && isUnmovedBySuccess(cached)) return;
    if (writeEvery > 0 && ticket.probe === null) return countSparingly(ticket, outcome);
    const id = nextId();
    const left = await attempt({ kind: 'leave', ticket, outcome }, id);
    if (!(left instanceof AwayCircuit)) return;
    left.leave(ticket, outcome, storeTime());
    // The id is kept: should the write land late, it is not counted twice. A probe's place is given back there too.
    pending = [...pending, { id, outcome, ticket }].slice(-mostPending);
  }

  /** With others, in a while, if there are too many of them; but at once if it is the one that opens. */
  async function countSparingly(ticket: Ticket, outcome: Outcome): Promise<void> {
    pending = [...pending, { id: nextId(), outcome, ticket }].slice(-mostPending);
    if (gathering === undefined || opensNow()) await attempt({ kind: 'tick' }, nextId(), true);
  }

  function opensNow(): boolean {
    if (seen === undefined) return true;
    const read = { record: seen.record, applied: [], version: undefined, time: storeTime() };
    return merged(read).effects.some(({ kind }) => kind === 'moved');
  }

  function gatherFor(wait: number): void {
    gathering ??= clock.setTimer(wait, () => {
      gathering = undefined;
      void attempt({ kind: 'tick' }, nextId(), true);
    });
  }

  function stopGathering(): void {
    gathering?.cancel();
    gathering = undefined;
  }

  function isUnmovedBySuccess(record: CircuitRecord): boolean {
    const sample = { failed: false, running: false, duration: 0, reportedAt: 0 };
    try {
      return settings.trip.record(record.trip, sample, storeTime()) === record.trip;
    } catch {
      // Whoever asks the rule again will tell.
      return false;
    }
  }
}

const opensAtOnce: CircuitSettings['trip'] = {
  name: 'atOnce',
  initial: false,
  record: (_, { failed }) => failed,
  trips: (state) => state === true,
};

/** What became of an event whose answer was lost. */
function adopted(record: CircuitRecord, id: string): readonly Effect[] {
  const probe = record.probes.find(({ holder }) => holder === id);
  if (probe !== undefined) return [{ kind: 'admitted', ticket: { epoch: record.epoch, probe: probe.id } }];
  // A place that was taken and has run out by now is none.
  return [{ kind: 'rejected', retryAfter: undefined }];
}
