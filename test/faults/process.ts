import type { Clock, Timer } from '../../src/time/index.ts';

/** A process that may be killed, or stand still while time goes on. Then it hears of no answer and of no timer. */
export class Process {
  isAlive = true;
  /** Settles when it goes on; undefined while it does. */
  thawed: Promise<void> | undefined;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The clock as this process sees it: what was due while it stood still comes when it goes on. */
  get clock(): Clock {
    return {
      now: () => this.#clock.now(),
      wallNow: () => this.#clock.wallNow(),
      setTimer: (delay, callback): Timer => {
        let isCancelled = false;
        const timer = this.#clock.setTimer(delay, () => {
          if (this.thawed === undefined) callback();
          else void this.thawed.then(() => isCancelled || callback());
        });
        return {
          cancel() {
            isCancelled = true;
            timer.cancel();
          },
        };
      },
    };
  }

  freeze(milliseconds: number): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.thawed = promise;
    this.#clock.setTimer(milliseconds, () => {
      this.thawed = undefined;
      resolve();
    });
  }

  /** The answer, as this process hears of it, if it does. */
  async hears<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } finally {
      await this.thawed;
      if (!this.isAlive) await never();
    }
  }
}

export function never<T>(): Promise<T> {
  return new Promise(() => {});
}
