import { mixin } from './mixin.ts';
import { processorCircuit } from './processor-circuit.ts';
import type { Run } from './run.ts';
import { live } from './run-base.ts';
import type { RunResult } from './run-result.ts';

/**
 * Keeps a run from starting while its key's circuit is open: `skipped / circuit_open`. The circuit lives in the store, so
 * instances that do one run and die still add up. It reads the run's outcome: failed and timed-out runs count, skips
 * and cancellations count neither way and give a probe back.
 */
export const withCircuitBreaker = /* @__PURE__ */ mixin('withCircuitBreaker', (Base) => {
  abstract class WithCircuitBreaker extends Base {
    protected override async guard(run: Run<unknown>): Promise<RunResult> {
      const circuit = processorCircuit(this.context, { definition: this.definition, key: run.key });
      const admission = await circuit.enter();
      if (!admission.admitted) return live(run).skipped('circuit_open', { retryAfter: admission.retryAfter });
      let result: RunResult | undefined;
      try {
        result = await super.guard(run);
        return result;
      } finally {
        await circuit.leave(admission, countedAs(result));
      }
    }
  }
  return WithCircuitBreaker;
});

// What threw past every guard is a failure of the run, like those that became an outcome.
function countedAs(result: RunResult | undefined): 'success' | 'failure' | 'ignored' {
  if (result === undefined || result.status === 'timed_out') return 'failure';
  if (result.status === 'succeeded') return 'success';
  if (result.status !== 'failed') return 'ignored';
  // Neither says anything of what the processor depends on: somebody else went on, or our own store was away.
  return result.reason === 'lost_lease' || result.reason === 'store_unavailable' ? 'ignored' : 'failure';
}
