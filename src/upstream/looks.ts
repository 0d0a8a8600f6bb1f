import type { Clock } from '../time/index.ts';

const mostKeys = 10_000;

/**
 * When each key was looked at, and when it may be again: once an interval, and once more because something was updated. Never more
 * than two looks in any one interval.
 */
export class Looks {
  readonly #clock: Clock;
  readonly #interval: number;
  // The last two looks at a key, the older first.
  readonly #times = new Map<string, readonly number[]>();

  constructor(clock: Clock, interval: number) {
    this.#clock = clock;
    this.#interval = interval;
  }

  /** Milliseconds until the key's turn. */
  turnIn(key: string, updated: boolean): number {
    const times = this.#times.get(key) ?? [];
    const before = updated ? times.at(-2) : times.at(-1);
    return before === undefined ? 0 : Math.max(0, before + this.#interval - this.#clock.now());
  }

  take(key: string): void {
    const times = [...(this.#times.get(key) ?? []), this.#clock.now()].slice(-2);
    this.#times.delete(key);
    this.#times.set(key, times);
    const oldest = this.#times.keys().next();
    if (this.#times.size > mostKeys && !oldest.done) this.#times.delete(oldest.value);
  }
}
