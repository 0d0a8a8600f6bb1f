import type { Clock } from 'breakwater';

/** Something to wait for, no longer than a time: a ring while nobody waits is heard by the next who does. */
export class Bell {
  readonly #clock: Clock;
  #rung = false;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** @param longest Milliseconds. */
  wait(longest: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        timer.cancel();
        this.#wake = undefined;
        this.#rung = false;
        resolve();
      };
      const timer = this.#clock.setTimer(this.#rung ? 0 : longest, this.#wake);
    });
  }
}

/** Resolves when the clock's wall time has come to the instant. */
export function until(clock: Clock, instant: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(Math.max(0, instant - clock.wallNow()), resolve);
  });
}
