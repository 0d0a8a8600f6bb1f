import { ConfigurationError } from '../errors/index.ts';
import { type Clock, type Duration, milliseconds, type Timer } from '../time/index.ts';

/**
 * A clock that moves only when told to, so that twenty hours pass in a moment and every test gives the same result.
 *
 * @example
 * const clock = new VirtualClock();
 * const waiting = sleep(clock, 60_000);
 * await clock.advance('1m');
 * await waiting;
 */
export class VirtualClock implements Clock {
  #now = 0;
  #wallOffset: number;
  #sequence = 0;
  readonly #held = new Set<Promise<unknown>>();
  // Ordered by (at, sequence), soonest last, so that the next timer is popped from the end.
  readonly #timers: VirtualTimer[] = [];

  /** @param options.wall The wall time at the start. Default: 2026-01-16T09:00:00Z. */
  constructor(options: { readonly wall?: string | number | Date } = {}) {
    const wall = new Date(options.wall ?? '2026-01-16T09:00:00Z').getTime();
    if (Number.isNaN(wall)) throw new ConfigurationError('VirtualClock.wall', 'a date', options.wall);
    this.#wallOffset = wall;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return this.#now + this.#wallOffset;
  }

  /** How many timers are set: a settled operation of ours leaves none. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** @throws ConfigurationError for a delay that is no finite number: a machine's clock would make something else of it. */
  setTimer(delay: number, callback: () => void): Timer {
    if (!Number.isFinite(delay)) throw new ConfigurationError('setTimer.delay', 'a finite number', delay);
    const timer: VirtualTimer = { at: this.#now + Math.max(0, delay), sequence: this.#sequence++, callback };
    this.#timers.splice(this.#position(timer), 0, timer);
    return {
      cancel: () => {
        const index = this.#timers.indexOf(timer);
        if (index >= 0) this.#timers.splice(index, 1);
      },
    };
  }

  /**
   * Lets `duration` pass: fires what becomes due, in order, each at its own time, with all microtasks flushed between.
   */
  async advance(duration: Duration): Promise<void> {
    const end = this.#now + milliseconds('advance', duration, { zero: true });
    await this.#settle();
    for (let next = this.#timers.at(-1); next !== undefined && next.at <= end; next = this.#timers.at(-1)) {
      await this.#fire(next);
    }
    // Another advance may have gone further meanwhile: time never goes back.
    this.#now = Math.max(this.#now, end);
  }

  /**
   * Fires timers in order until none is left.
   *
   * @param options.limit The most timers to fire. Default: 1,000,000.
   * @throws ConfigurationError when the limit is reached: something sets timers for ever.
   */
  async runAll(options: { readonly limit?: number } = {}): Promise<void> {
    const limit = options.limit ?? 1_000_000;
    await this.#settle();
    let fired = 0;
    for (let next = this.#timers.at(-1); next !== undefined; next = this.#timers.at(-1)) {
      if (fired++ >= limit)
        throw new ConfigurationError('runAll.limit', 'at least the number of timers there are', limit);
      await this.#fire(next);
    }
  }

  /** Lets timers fire, as time passes, until the promise settles; gives its result. */
  async runUntil<T>(promise: Promise<T>, options: { readonly limit?: number } = {}): Promise<T> {
    const limit = options.limit ?? 1_000_000;
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    await this.#settle();
    for (let fired = 0; !settled; fired++) {
      const next = this.#timers.at(-1);
      if (next === undefined) {
        throw new ConfigurationError(
          'runUntil.promise',
          'one that settles by timers of this clock',
          'a promise that waits with no timer set',
        );
      }
      if (fired >= limit)
        throw new ConfigurationError('runUntil.limit', 'at least the number of timers there are', limit);
      await this.#fire(next);
    }
    return promise;
  }

  /** Moves the wall clock alone, by a duration that may be negative: the monotonic time does not notice. */
  stepWall(duration: Duration): void {
    const text = typeof duration === 'string' ? duration.trim() : duration;
    const back = typeof text === 'string' ? text.startsWith('-') : text < 0;
    const size = typeof text === 'string' ? text.replace(/^-/, '') : Math.abs(text);
    this.#wallOffset += (back ? -1 : 1) * milliseconds('stepWall', size, { zero: true });
  }

  /**
   * Time stands still until the promise settles: for real work (a database, a file) inside a simulated hour, which
   * takes no virtual time whatever it takes in truth.
   */
  async hold<T>(work: Promise<T>): Promise<T> {
    this.#held.add(work);
    try {
      return await work;
    } finally {
      this.#held.delete(work);
    }
  }

  async #fire(timer: VirtualTimer): Promise<void> {
    this.#timers.pop();
    this.#now = timer.at;
    timer.callback();
    await this.#settle();
  }

  async #settle(): Promise<void> {
    await macrotask();
    // Waited for, not polled: the work may need the processor. What follows from it may be held in its turn.
    while (this.#held.size > 0) {
      await Promise.allSettled(this.#held);
      await macrotask();
    }
  }

  #position(timer: VirtualTimer): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isLater(this.#timers[middle] as VirtualTimer, timer)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

interface VirtualTimer {
  readonly at: number;
  readonly sequence: number;
  readonly callback: () => void;
}

function isLater(a: VirtualTimer, b: VirtualTimer): boolean {
  return a.at > b.at || (a.at === b.at && a.sequence > b.sequence);
}

// A macrotask runs after every microtask that the ones before it queued, however deep the chain.
function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
