import type { z } from 'zod';
import { ConfigurationError } from '../errors/index.ts';
import { countDays, type DateRange, dateRange, daysOf, longestRange } from './date-range.ts';
import { ProcessorBase } from './processor-base.ts';
import { withCircuitBreaker } from './with-circuit-breaker.ts';
import { withHeartbeat } from './with-heartbeat.ts';
import { withTimeout } from './with-timeout.ts';
import { withUpstreamCheck } from './with-upstream-check.ts';

/**
 * A processor of past days: heartbeat, circuit, time-out and upstream check around extract, transform and load, once for each
 * date of a range.
 *
 * @typeParam Raw What extraction gives.
 * @typeParam Row A row of the output.
 * @typeParam O The options; with more than a date range, override `optionsSchema` too.
 */
export abstract class AnalyticsProcessorBase<
  Raw,
  Row extends object,
  O extends DateRange = DateRange,
> extends /* @__PURE__ */ withHeartbeat(
  /* @__PURE__ */ withCircuitBreaker(
    /* @__PURE__ */ withTimeout(/* @__PURE__ */ withUpstreamCheck(ProcessorBase)),
  ),
)<O, Raw, Row> {
  protected override optionsSchema(): z.ZodType<O> {
    return dateRange as unknown as z.ZodType<O>;
  }

  protected override dateOf(options: O): string {
    return options.startDate;
  }

  protected override split(options: O): readonly [O, ...O[]] {
    const days = countDays(options);
    if (days > longestRange) {
      throw new ConfigurationError(
        `${this.definition.name}.options.endDate`,
        `at most ${longestRange} days after startDate`,
        options.endDate,
      );
    }
    const [first, ...others] = daysOf(options);
    const on = (day: string): O => ({ ...options, startDate: day, endDate: day });
    return [on(first), ...others.map(on)];
  }
}
