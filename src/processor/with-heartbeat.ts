import { startHeartbeat } from '../heartbeat/index.ts';
import { mixin } from './mixin.ts';
import type { Run } from './run.ts';
import { live } from './run-base.ts';
import type { RunResult } from './run-result.ts';

/** Tells from start to end that the run lives, what it is at and how far it is; a beat never delays the run. */
export const withHeartbeat = /* @__PURE__ */ mixin('withHeartbeat', (Base) => {
  abstract class WithHeartbeat extends Base {
    protected override async guard(run: Run<unknown>): Promise<RunResult> {
      const { heartbeats, clock, random, config, watchdog } = this.context;
      const current = live(run);
      const heartbeat = startHeartbeat({
        run: {
          processor: run.processor,
          key: run.key,
          runId: run.id,
          fence: current.fence.token,
          started: current.startedAt,
        },
        heartbeats,
        clock,
        random,
        interval: config.heartbeat.interval,
        host: config.host,
        version: config.version,
        logger: run.logger,
        lag: watchdog === undefined ? undefined : () => watchdog.lag(),
      });
      current.observer = heartbeat;
      let status: RunResult['status'] = 'failed';
      try {
        const result = await super.guard(run);
        status = result.status;
        return result;
      } finally {
        await heartbeat.end(status);
      }
    }
  }
  return WithHeartbeat;
});
