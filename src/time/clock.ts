/** A timer that was set; cancelling it after it fired, or twice, does nothing. */
export interface Timer {
  cancel(): void;
  /** Stays set, but lets the process end. False where that can't be had: the timer must be cancelled then. */
  rest?(): boolean;
  /** Keeps the process alive again after `rest`. False if the timer may never fire: set another then. */
  wake?(): boolean;
}

/**
 * Where all code takes the time from. Durations come from `now`, which never steps; `wallNow` is only for what
 * people and other machines read.
 */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary start. */
  now(): number;
  /** Wall-clock milliseconds since the Unix epoch; may step either way. */
  wallNow(): number;
  /**
   * Calls `callback` once, `delay` milliseconds from now (never synchronously). A pending timer keeps the process alive.
   * Any finite delay ≥ 0 is honoured, also beyond 2³¹−1 ms.
   */
  setTimer(delay: number, callback: () => void): Timer;
}

/** The machine's clock. */
export const realClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer: (delay, callback) => new RealTimer(delay, callback),
};

// Node fires a longer timeout after 1 ms; longer waits are chained.
const longestTimeout = 2 ** 31 - 1;
const ownSetTimeout = setTimeout;

class RealTimer implements Timer {
  readonly #callback: () => void;
  // Test tools put fakes in their places: what one of them set must be cleared by its own.
  readonly #clear = clearTimeout;
  readonly #until: number;
  #handle: ReturnType<typeof setTimeout> | undefined;
  #resting = false;
  #isSecond = false;

  constructor(delay: number, callback: () => void) {
    this.#callback = callback;
    this.#until = realClock.now() + delay;
    this.#arm(delay);
  }

  cancel(): void {
    // In a browser it may not be called as anybody's method.
    this.#clear.call(undefined, this.#handle);
  }

  rest(): boolean {
    if (setTimeout !== ownSetTimeout) return false;
    this.#resting = true;
    // Browsers number their timers, and none of those keeps a page alive.
    (this.#handle as { unref?: () => void }).unref?.();
    return true;
  }

  wake(): boolean {
    if (setTimeout !== ownSetTimeout) return false;
    this.#resting = false;
    (this.#handle as { ref?: () => void }).ref?.();
    return true;
  }

  #arm(left: number): void {
    const step = Math.min(Math.ceil(left), longestTimeout);
    this.#handle = setTimeout(() => this.#passed(left - step), step);
    if (this.#resting) this.rest();
  }

  #passed(left: number): void {
    // Node counts from the start of the turn, and may be early by one or two milliseconds.
    const early = this.#isSecond || setTimeout !== ownSetTimeout ? 0 : this.#until - realClock.now();
    if (left > 0) this.#arm(left);
    else if (early > 0) {
      this.#isSecond = true;
      this.#arm(early);
    } else this.#callback();
  }
}
