import { TimeoutError } from '../errors/index.ts';
import { mixin } from './mixin.ts';
import type { Run } from './run.ts';
import { live } from './run-base.ts';
import type { RunResult } from './run-result.ts';

/**
 * Ends a run at its time-out: the signal is aborted, the work gets the grace to come to an end, then the run settles as
 * `timed_out` whatever its code does. The time is the definition's `timeout`, else the context's.
 */
export const withTimeout = /* @__PURE__ */ mixin('withTimeout', (Base) => {
  abstract class WithTimeout extends Base {
    protected override async guard(run: Run<unknown>): Promise<RunResult> {
      const current = live(run);
      const { clock, config, watchdog } = this.context;
      const after = this.definition.timeout ?? config.processor.timeout;
      const deadline = clock.now() + after;
      const late = () => new TimeoutError(`${current.processor} did not end within ${after} ms`, after);
      const timeOut = () => current.stop({ status: 'timed_out', reason: 'deadline', error: late() });
      current.limit(deadline);
      // Code that never yields keeps this timer from firing: then the watchdog, from its own thread, is the end.
      const guarded = watchdog?.guard(
        { runId: current.id, key: current.key },
        after + config.processor.grace,
      );
      const timer = clock.setTimer(after, timeOut);
      try {
        const result = await current.settle(super.guard(run));
        // The timer is late because the event loop was blocked, and a call of the run found its time used up.
        const missedTimer =
          result.status === 'failed' && result.errorKind === 'timeout' && clock.now() >= deadline;
        if (!missedTimer) return result;
        return current.stopped({ status: 'timed_out', reason: 'event_loop_blocked', error: result.error });
      } finally {
        timer.cancel();
        guarded?.[Symbol.dispose]();
      }
    }
  }
  return WithTimeout;
});
