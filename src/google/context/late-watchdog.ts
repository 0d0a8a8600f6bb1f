import type { Logger } from '../../clients/index.ts';
import { type RunningWatchdog, startWatchdog } from '../../heartbeat/index.ts';

/**
 * A watchdog whose thread is still starting: what is guarded meanwhile is guarded as soon as it runs, for what is left of its limit.
 */
export function lateWatchdog(options: {
  readonly lastWords: string;
  readonly logger: Logger;
}): RunningWatchdog {
  let running: RunningWatchdog | undefined;
  const starting = startWatchdog(options).then(
    (started) => {
      running = started;
    },
    (error: unknown) => options.logger.error('the watchdog of the event loop did not start', { error }),
  );
  return {
    lag: () => running?.lag() ?? 0,
    guard(run, limit) {
      if (running !== undefined) return running.guard(run, limit);
      const asked = performance.now();
      let guard: Disposable | undefined;
      let isOver = false;
      void starting.then(() => {
        // As the thread itself does, by the machine's time.
        const left = Math.max(1, limit - (performance.now() - asked));
        if (!isOver) guard = running?.guard(run, left);
      });
      return {
        [Symbol.dispose]() {
          isOver = true;
          guard?.[Symbol.dispose]();
        },
      };
    },
    async close() {
      await starting;
      await running?.close();
    },
  };
}
