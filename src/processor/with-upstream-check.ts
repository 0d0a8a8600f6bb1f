import { UpstreamUnknownError } from '../errors/index.ts';
import { fingerprintOf } from './fingerprint.ts';
import { mixin } from './mixin.ts';
import type { Run } from './run.ts';
import { live } from './run-base.ts';
import type { RunResult } from './run-result.ts';

/**
 * Asks before the work begins whether what it needs is there. Not there is a skip (`upstream_not_ready`, `no_games`),
 * could not look is a skip of its own (`upstream_unknown`), and the same data as last time is `already_done`.
 */
export const withUpstreamCheck = /* @__PURE__ */ mixin('withUpstreamCheck', (Base) => {
  abstract class WithUpstreamCheck extends Base {
    protected override async guard(run: Run<unknown>): Promise<RunResult> {
      const current = live(run);
      const checks = this.upstream(run.options);
      const answers = await current.step('upstream', (signal) =>
        this.context.upstream.ask([{ key: run.key, date: run.date, checks }], {
          signal,
          deadline: run.deadline,
        }),
      );
      const answer = answers.get(run.key);
      if (answer === undefined || answer.status === 'unknown') {
        const error = answer?.error ?? new UpstreamUnknownError(`Nobody answered for ${run.key}`);
        return current.skipped('upstream_unknown', { error });
      }
      current.dependencies = answer.dependencies;
      if (answer.status === 'not_ready') {
        if (answer.reason === 'no_games') return current.skipped('no_games');
        return current.skipped('upstream_not_ready', { missing: answer.missing });
      }
      current.fingerprint = fingerprintOf(run.options, this.context.config.version, answer.dependencies);
      if (!current.force && current.fingerprint === current.previousFingerprint)
        return current.skipped('already_done');
      return super.guard(run);
    }
  }
  return WithUpstreamCheck;
});
