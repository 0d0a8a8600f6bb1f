import type { Clock, Timer } from '../../src/policy/index.ts';

/** A clock whose event loop may be blocked: then all timers that have become due fire late, one after another, at the same time. */
export class LaggingClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return this.#now;
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  setTimer(delay: number, callback: () => void): Timer {
    const timer = { at: this.#now + delay, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** Lets the time pass at once, then fires what is due, what that sets for now included. */
  async block(time: number): Promise<void> {
    this.#now += time;
    const next = () =>
      [...this.#timers].filter(({ at }) => at <= this.#now).sort((one, other) => one.at - other.at)[0];
    for (let timer = next(); timer !== undefined; timer = next()) {
      this.#timers.delete(timer);
      timer.callback();
      await settled();
    }
    await settled();
  }
}

/** All that follows without a timer has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
