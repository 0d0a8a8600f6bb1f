import { StoreUnavailableError } from '../errors/index.ts';
import { type Clock, withinTime } from '../time/index.ts';
import type { CircuitStore } from './circuit-store.ts';
import type { CircuitRecord, CircuitState } from './record.ts';
import {
  type CircuitEvent,
  type CircuitSettings,
  type Effect,
  newCircuit,
  type Ticket,
  transition,
} from './transition.ts';

export interface SharedCircuitOptions extends CircuitSettings {
  readonly store: CircuitStore;
  readonly key: string;
  readonly clock: Clock;
  /** Hears of changes of state, and of the store's absence. */
  readonly on?: ((event: SharedCircuitEvent) => void) | undefined;
}

export type SharedCircuitEvent =
  | { readonly kind: 'moved'; readonly key: string; readonly from: CircuitState; readonly to: CircuitState }
  | { readonly kind: 'degraded'; readonly key: string; readonly error: unknown };

export type Admission =
  /** A ticket of null was given while the store was away: its result is not counted. */
  | { readonly admitted: true; readonly ticket: Ticket | null; readonly failures: number }
  | { readonly admitted: false; readonly retryAfter: number | undefined };

/** One circuit for many processes: its record lives in a store, and its time is the store's. */
export interface SharedCircuit {
  enter(): Promise<Admission>;
  /** Counts how the admitted work ended; without the store the result is lost, never the work. */
  leave(
    admission: Admission & { readonly admitted: true },
    outcome: 'success' | 'failure' | 'ignored',
  ): Promise<void>;
  /** What it protects is there again. */
  ready(): Promise<void>;
  /** The record, or undefined if it was never used. @throws StoreUnavailableError */
  snapshot(): Promise<CircuitRecord | undefined>;
}

const storeCallTime = 5_000;
const mostTries = 20;

/**
 * A circuit on a store. While the store is away, a circuit last seen open here stays open, and others admit: the work has
 * its own bounds, and a circuit must not be what takes it down.
 */
export function sharedCircuit(options: SharedCircuitOptions): SharedCircuit {
  const { store, key, clock, on } = options;
  let lastSeen: { readonly record: CircuitRecord; readonly aheadBy: number } | undefined;

  async function apply(
    event: CircuitEvent,
  ): Promise<{ readonly effects: readonly Effect[]; readonly record: CircuitRecord }> {
    return withinTime(clock, storeCallTime, `circuit ${key}`, async (signal) => {
      for (let attempt = 0; attempt < mostTries; attempt++) {
        const read = await store.read(key, { signal });
        const before = read.record ?? newCircuit(options);
        const { record, effects } = transition(options, before, event, read.time);
        if (record === before || (await store.write(key, record, read, { signal }))) {
          lastSeen = { record, aheadBy: read.time - clock.now() };
          for (const effect of effects) if (effect.kind === 'moved') on?.({ ...effect, key });
          return { effects, record };
        }
      }
      throw new StoreUnavailableError(`Circuit ${key} changed ${mostTries} times while it was being read`);
    });
  }

  async function applyIfThere(event: CircuitEvent): Promise<void> {
    try {
      await apply(event);
    } catch (error) {
      on?.({ kind: 'degraded', key, error });
    }
  }

  return {
    async enter() {
      let effects: readonly Effect[];
      let failures = 0;
      try {
        const applied = await apply({ kind: 'enter' });
        effects = applied.effects;
        failures = applied.record.failures;
      } catch (error) {
        on?.({ kind: 'degraded', key, error });
        if (lastSeen === undefined) return { admitted: true, ticket: null, failures: 0 };
        effects = transition(
          options,
          lastSeen.record,
          { kind: 'enter' },
          clock.now() + lastSeen.aheadBy,
        ).effects;
        if (effects.some(({ kind }) => kind === 'admitted'))
          return { admitted: true, ticket: null, failures: 0 };
      }
      for (const effect of effects) {
        if (effect.kind === 'admitted') return { admitted: true, ticket: effect.ticket, failures };
        if (effect.kind === 'rejected') return { admitted: false, retryAfter: effect.retryAfter };
      }
      throw new Error('a circuit neither admitted nor rejected');
    },
    async leave({ ticket, failures }, outcome) {
      if (ticket === null) return;
      // A success after successes, in a closed circuit, changes nothing: a healthy run costs no write.
      if (ticket.probe === null && (outcome === 'ignored' || (outcome === 'success' && failures === 0)))
        return;
      await applyIfThere({ kind: 'leave', ticket, outcome });
    },
    ready: () => applyIfThere({ kind: 'ready' }),
    snapshot: () =>
      withinTime(
        clock,
        storeCallTime,
        `circuit ${key}`,
        async (signal) => (await store.read(key, { signal })).record,
      ),
  };
}
