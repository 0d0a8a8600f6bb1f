import { contextOfNobody } from './async-context.ts';
import type { Clock, Timer } from './clock.ts';

/** Something that is due at a time, unless it is cancelled before. */
export interface Deadline {
  /** Monotonic milliseconds. */
  readonly at: number;
  /** Where it stands in its heap; -1 while it stands in none. Written by the timer alone. */
  place: number;
  due(): void;
}

const timers = new WeakMap<Clock, DeadlineTimer>();

/** The one deadline timer of a clock. */
export function deadlineTimer(clock: Clock): DeadlineTimer {
  let timer = timers.get(clock);
  if (timer === undefined) {
    timer = new DeadlineTimer(clock);
    timers.set(clock, timer);
  }
  return timer;
}

/**
 * All deadlines of one clock on one timer of it: a binary heap, soonest first. With none pending the timer is cancelled, or
 * rests if the clock's timers can: setting one for each of many short calls would cost more than the calls.
 */
export class DeadlineTimer {
  readonly #clock: Clock;
  readonly #heap: Deadline[] = [];
  #timer: Timer | undefined;
  #resting = false;
  #armedFor = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many deadlines are pending. */
  get size(): number {
    return this.#heap.length;
  }

  /** Calls `due` once at the monotonic time `at`, unless it is cancelled before. */
  add(at: number, due: () => void): Deadline {
    const deadline: Deadline = { at, due, place: -1 };
    this.put(deadline);
    return deadline;
  }

  /** The same, for what is a deadline itself. @throws RangeError for a time that is none. */
  put(deadline: Deadline): void {
    const { at } = deadline;
    // It compares with no other: the heap would be in no order any more, and all others in it might never be due.
    if (Number.isNaN(at)) throw new RangeError('A deadline must be at a time, not NaN');
    deadline.place = this.#heap.length;
    this.#heap.push(deadline);
    if (deadline.place > 0) this.#rise(deadline);
    if (this.#resting) this.#wake();
    if (at < this.#armedFor) this.#arm(at);
  }

  /** Takes the deadline back; one that was due or cancelled already is left alone. */
  cancel(deadline: Deadline): void {
    const { place } = deadline;
    if (place < 0) return;
    this.#remove(place);
    if (this.#heap.length === 0) this.#rest();
  }

  #fire(): void {
    this.#timer = undefined;
    this.#resting = false;
    // What is put meanwhile needs no timer of its own: one is set at the end for all.
    this.#armedFor = -Infinity;
    const now = this.#clock.now();
    try {
      for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
        this.#remove(0);
        first.due();
      }
    } finally {
      // Also if one of them threw: the others are still due.
      this.#armedFor = Infinity;
      const next = this.#heap[0];
      if (next !== undefined) this.#arm(next.at);
    }
  }

  #arm(at: number): void {
    this.#timer?.cancel();
    this.#armedFor = at;
    const delay = Math.max(0, at - this.#clock.now());
    // Or it would keep what belongs to the call that set it, and it is set again for ever.
    contextOfNobody.runInAsyncScope(() => {
      this.#timer = this.#clock.setTimer(delay, () => this.#fire());
    });
  }

  #rest(): void {
    if (this.#timer === undefined) return;
    this.#resting = this.#timer.rest?.() === true;
    if (!this.#resting) this.#disarm();
  }

  #wake(): void {
    this.#resting = false;
    if (this.#timer?.wake?.() !== true) this.#disarm();
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedFor = Infinity;
  }

  #remove(place: number): void {
    const heap = this.#heap;
    (heap[place] as Deadline).place = -1;
    const last = heap.pop() as Deadline;
    if (place === heap.length) return;
    heap[place] = last;
    last.place = place;
    this.#rise(last);
    this.#sink(last);
  }

  #rise(deadline: Deadline): void {
    const heap = this.#heap;
    while (deadline.place > 0) {
      const parent = heap[(deadline.place - 1) >> 1] as Deadline;
      if (parent.at <= deadline.at) return;
      this.#swap(parent, deadline);
    }
  }

  #sink(deadline: Deadline): void {
    const heap = this.#heap;
    for (;;) {
      const left = heap[2 * deadline.place + 1];
      const right = heap[2 * deadline.place + 2];
      const least = right !== undefined && left !== undefined && right.at < left.at ? right : left;
      if (least === undefined || least.at >= deadline.at) return;
      this.#swap(deadline, least);
    }
  }

  #swap(upper: Deadline, lower: Deadline): void {
    const { place } = upper;
    upper.place = lower.place;
    lower.place = place;
    this.#heap[upper.place] = upper;
    this.#heap[lower.place] = lower;
  }
}
