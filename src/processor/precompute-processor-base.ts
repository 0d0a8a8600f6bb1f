import type { z } from 'zod';
import { type AnalysisDate, analysisDate } from './date-range.ts';
import { ProcessorBase } from './processor-base.ts';
import { withCircuitBreaker } from './with-circuit-breaker.ts';
import { withHeartbeat } from './with-heartbeat.ts';
import { withTimeout } from './with-timeout.ts';
import { withUpstreamCheck } from './with-upstream-check.ts';

/**
 * A processor that prepares one day ahead of it: the same chain as an analytics processor, for one analysis date.
 *
 * @typeParam Raw What extraction gives.
 * @typeParam Row A row of the output.
 * @typeParam O The options; with more than an analysis date, override `optionsSchema` too.
 */
export abstract class PrecomputeProcessorBase<
  Raw,
  Row extends object,
  O extends AnalysisDate = AnalysisDate,
> extends /* @__PURE__ */ withHeartbeat(
  /* @__PURE__ */ withCircuitBreaker(
    /* @__PURE__ */ withTimeout(/* @__PURE__ */ withUpstreamCheck(ProcessorBase)),
  ),
)<O, Raw, Row> {
  protected override optionsSchema(): z.ZodType<O> {
    return analysisDate as unknown as z.ZodType<O>;
  }

  protected override dateOf(options: O): string {
    return options.analysisDate;
  }
}
