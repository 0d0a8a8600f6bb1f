import { settingsFor } from '../context/index.ts';
import { TimeoutError } from '../errors/index.ts';
import type { Ending } from './live-run.ts';
import { mixin } from './mixin.ts';
import type { Run } from './run.ts';
import { live } from './run-base.ts';
import type { RunResult } from './run-result.ts';

// A timer may be late because the machine is busy; so late it is because the event loop was blocked.
const blockedFrom = 1_000;

/**
 * Ends a run at its time-out: the signal is aborted, the work gets the grace to come to an end, then the run settles as
 * `timed_out` whatever its code does. The time is the processor's own in the context's
 * settings, else its definition's, else the context's.
 */
export const withTimeout = /* @__PURE__ */ mixin('withTimeout', (Base) => {
  abstract class WithTimeout extends Base {
    protected override async guard(run: Run<unknown>): Promise<RunResult> {
      const current = live(run);
      const { clock, config, watchdog } = this.context;
      // A pushed run may have less time than that.
      const after = Math.min(settingsFor(config, this.definition).timeout, current.remaining());
      const deadline = clock.now() + after;
      const timedOut = (): Ending => ({
        status: 'timed_out',
        reason: clock.now() - deadline < blockedFrom ? 'deadline' : 'event_loop_blocked',
        error: new TimeoutError(`${current.processor} did not end within ${after} ms`, after),
      });
      current.limit(deadline);
      // Code that never yields keeps this timer from firing: then the watchdog, from its own thread, is the end.
      const guarded = watchdog?.guard(
        { runId: current.id, key: current.key },
        after + config.processor.grace,
      );
      const timer = clock.setTimer(after, () => current.stop(timedOut()));
      try {
        const result = await current.settle(() => super.guard(run));
        // A call of the run found its time used up before this timer fired: the same instant, or a blocked event loop.
        const isLate =
          result.status === 'failed' && result.errorKind === 'timeout' && clock.now() >= deadline;
        return isLate && current.ending === undefined ? current.stopped(timedOut()) : result;
      } finally {
        timer.cancel();
        guarded?.[Symbol.dispose]();
      }
    }
  }
  return WithTimeout;
});
