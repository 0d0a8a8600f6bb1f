import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { type Clock, realClock } from '../time/index.ts';
import { bootId } from './instance.ts';

/** The table of the one row that the clock keeps in its file. */
export const storeClockSchema = `
  CREATE TABLE clock (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- Which clock the offset belongs to.
    source TEXT NOT NULL,
    -- Store time = offset + the source's monotonic time.
    offset REAL NOT NULL,
    -- No process has told a time beyond this one.
    reserved REAL NOT NULL
  ) STRICT`;

// Times are reserved so far ahead: one write a minute at most, and so far may time jump when the machine starts anew.
const ahead = 60_000;

/**
 * The time of a state file: milliseconds that never go back, over all processes that use the file and over restarts of the
 * machine, near the wall time at first and deaf to its steps afterwards.
 *
 * It counts on the machine's monotonic clock, which all processes of one start of the machine share. After a restart
 * that clock begins anew, and time goes on from the wall clock's or the last one reserved, whichever is later. A clock that is
 * given (for simulations) has its own count in the same way; the processes of one file must then share its idea of time.
 */
export class StoreClock {
  readonly #source: Source;
  readonly #offset: number;
  readonly #reserved;
  readonly #reserve;

  /** Must be made in a write transaction. */
  constructor(db: DatabaseSync, clock: Clock) {
    this.#source = clock === realClock ? machine() : simulated(clock);
    this.#offset = settleOffset(db, this.#source);
    this.#reserved = db.prepare('SELECT reserved FROM clock');
    this.#reserve = db.prepare('UPDATE clock SET reserved = max(reserved, :reserved)');
  }

  /** The time now. Within a transaction or outside of one. */
  now(): number {
    const now = Math.floor(this.#offset + this.#source.now());
    if (now > (this.#reserved.get() as { reserved: number }).reserved) {
      this.#reserve.run({ reserved: now + ahead });
    }
    return now;
  }
}

interface Source {
  /** The same for all who see the same monotonic clock. */
  readonly name: string;
  now(): number;
  wallNow(): number;
}

function machine(): Source {
  return {
    name: `boot ${bootId()}`,
    now() {
      const [seconds, nanoseconds] = process.hrtime();
      return seconds * 1_000 + nanoseconds / 1e6;
    },
    wallNow: () => realClock.wallNow(),
  };
}

const names = new WeakMap<Clock, string>();

function simulated(clock: Clock): Source {
  const name = names.get(clock) ?? `clock ${randomUUID()}`;
  names.set(clock, name);
  return { name, now: () => clock.now(), wallNow: () => clock.wallNow() };
}

function settleOffset(db: DatabaseSync, source: Source): number {
  const kept = db.prepare('SELECT source, offset, reserved FROM clock').get() as
    | { source: string; offset: number; reserved: number }
    | undefined;
  const now = source.now();
  // Where the system does not name its starts, a clock behind the last time told betrays a new one.
  if (kept?.source === source.name && kept.offset + now >= kept.reserved - ahead) return kept.offset;
  const start = Math.max(source.wallNow(), kept?.reserved ?? 0);
  const offset = start - now;
  db.prepare(
    'INSERT OR REPLACE INTO clock (id, source, offset, reserved) VALUES (1, :source, :offset, :reserved)',
  ).run({
    source: source.name,
    offset,
    reserved: start + ahead,
  });
  return offset;
}
