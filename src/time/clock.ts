/** A timer that was set; cancelling it after it fired, or twice, does nothing. */
export interface Timer {
  cancel(): void;
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

// Node fires a longer timeout after 1 ms; longer waits are chained.
const longestTimeout = 2 ** 31 - 1;

/** The machine's clock. */
export const realClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer(delay, callback) {
    let handle: ReturnType<typeof setTimeout>;
    const arm = (left: number) => {
      handle =
        left <= longestTimeout
          ? setTimeout(callback, left)
          : setTimeout(() => arm(left - longestTimeout), longestTimeout);
    };
    arm(delay);
    return { cancel: () => clearTimeout(handle) };
  },
};
