import type { Clock } from 'breakwater';

/** Resolves when the clock's wall time has come to the instant. */
export function until(clock: Clock, instant: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(Math.max(0, instant - clock.wallNow()), resolve);
  });
}
