import { ConfigurationError } from '../errors/index.ts';
import { type Duration, milliseconds } from '../time/index.ts';
import type { TripState } from './record.ts';

/** The last so many calls, or the calls of the last stretch of time. */
export type WindowSize = Duration | { readonly calls: number };

/** Counts calls, and hits among them, over a window; its state is JSON and is never changed in place. */
export interface Window {
  readonly initial: TripState;
  /** The most calls that it can hold. */
  readonly capacity: number;
  /** `60000 ms`, or `100 calls`. */
  readonly size: string;
  /** Whether it moves with the time. */
  readonly timed: boolean;
  add(state: TripState, hit: boolean, now: number): TripState;
  count(state: TripState, now: number): { readonly calls: number; readonly hits: number };
}

/** @throws ConfigurationError naming the field. */
export function windowOf(field: string, size: WindowSize): Window {
  if (typeof size !== 'object' || size === null) {
    const time = milliseconds(field, size);
    // Its tenths must be told apart by the clock.
    if (time < 1) throw new ConfigurationError(field, 'at least 1 ms', size);
    return timeWindow(time);
  }
  const { calls } = size;
  if (!Number.isSafeInteger(calls) || calls < 1 || calls > mostCalls)
    throw new ConfigurationError(`${field}.calls`, `a whole number from 1 to ${mostCalls}`, calls);
  return countWindow(calls);
}

// The state is copied with each call.
const mostCalls = 10_000;

const bitsInWord = 30;

/**
 * A ring of one bit a call, packed into small integers. State: `[next place, calls held, hits held, ...words]`.
 */
function countWindow(capacity: number): Window {
  return {
    capacity,
    size: `${capacity} calls`,
    timed: false,
    initial: [0, 0, 0, ...new Array<number>(Math.ceil(capacity / bitsInWord)).fill(0)],
    add(state, hit) {
      const next = (state as readonly number[]).slice();
      const [place = 0, held = 0, hits = 0] = next;
      const word = 3 + Math.floor(place / bitsInWord);
      const bit = 1 << (place % bitsInWord);
      const before = ((next[word] as number) & bit) === 0 ? 0 : 1;
      next[0] = (place + 1) % capacity;
      next[1] = Math.min(capacity, held + 1);
      next[2] = hits - before + (hit ? 1 : 0);
      next[word] = hit ? (next[word] as number) | bit : (next[word] as number) & ~bit;
      return next;
    },
    count(state) {
      const [, calls = 0, hits = 0] = state as readonly number[];
      return { calls, hits };
    },
  };
}

const buckets = 10;

/**
 * Ten buckets that move by the time, also while nobody calls: a call is forgotten once it is older than the window, at the
 * earliest a tenth of it before. State: `[number of the newest bucket, calls and hits of each bucket in its ring]`.
 */
function timeWindow(size: number): Window {
  const width = size / buckets;
  const indexAt = (now: number) => Math.floor(now / width);
  const placeOf = (index: number) => 1 + 2 * (((index % buckets) + buckets) % buckets);
  const empty: readonly number[] = [0, ...new Array<number>(2 * buckets).fill(0)];

  /** A copy in which the buckets that time has passed over are empty. */
  const moved = (state: TripState, now: number): number[] => {
    const next = (state as readonly number[]).slice();
    const newest = next[0] as number;
    const index = indexAt(now);
    // One ahead of the time was counted by another clock.
    const passed = index >= newest ? Math.min(buckets, index - newest) : buckets;
    for (let back = 0; back < passed; back++) {
      const place = placeOf(index - back);
      next[place] = 0;
      next[place + 1] = 0;
    }
    next[0] = index;
    return next;
  };

  return {
    capacity: Infinity,
    size: `${size} ms`,
    timed: true,
    initial: empty,
    add(state, hit, now) {
      const next = moved(state, now);
      const place = placeOf(next[0] as number);
      next[place] = (next[place] as number) + 1;
      if (hit) next[place + 1] = (next[place + 1] as number) + 1;
      return next;
    },
    count(state, now) {
      const current =
        indexAt(now) === (state as readonly number[])[0] ? (state as readonly number[]) : moved(state, now);
      let calls = 0;
      let hits = 0;
      for (let place = 1; place < current.length; place += 2) {
        calls += current[place] as number;
        hits += current[place + 1] as number;
      }
      return { calls, hits };
    },
  };
}
