import type { Context } from '../../src/context/index.ts';
import {
  AnalyticsProcessorBase,
  type DateRange,
  defineProcessor,
  type Run,
  RunBase,
  type RunResult,
  succeeded,
} from '../../src/processor/index.ts';
import { rows } from '../../src/upstream/index.ts';
import { z } from 'zod';

export interface SummaryRow {
  readonly game_date: string;
  readonly points: number;
}

export interface SummarySteps {
  readonly extract?: (run: Run<DateRange>) => Promise<SummaryRow[]>;
  readonly validate?: (raw: SummaryRow[], run: Run<DateRange>) => void | Promise<void>;
  readonly transform?: (raw: SummaryRow[], run: Run<DateRange>) => SummaryRow[] | Promise<SummaryRow[]>;
  readonly load?: (
    rows: readonly SummaryRow[],
    run: Run<DateRange>,
    replace: () => Promise<{ readonly rows: number }>,
  ) => Promise<{ readonly rows: number }>;
}

export const day = '2026-01-15';
export const range: DateRange = { startDate: day, endDate: day };
export const output = 'nba_analytics.summary';
export const key = `${output}/${day}`;

/** A whole processor, with the chain of all four mixins, whose steps a test sets. One row of the day is its usual output. */
export class Summary extends AnalyticsProcessorBase<SummaryRow[], SummaryRow> {
  static readonly processor = defineProcessor({ name: 'Summary', sport: 'nba', output, timeout: '10m' });
  readonly #steps: SummarySteps;

  constructor(context: Context, steps: SummarySteps = {}) {
    super(context);
    this.#steps = steps;
  }

  upstream(options: DateRange) {
    return [rows('nba_raw.boxscore').forDates(options).atLeast(1)];
  }

  protected extract(run: Run<DateRange>) {
    return this.#steps.extract?.(run) ?? Promise.resolve([{ game_date: run.date, points: 112 }]);
  }

  protected override validate(raw: SummaryRow[], run: Run<DateRange>) {
    return this.#steps.validate?.(raw, run);
  }

  protected transform(raw: SummaryRow[], run: Run<DateRange>) {
    return this.#steps.transform?.(raw, run) ?? raw;
  }

  protected override load(rows: readonly SummaryRow[], run: Run<DateRange>) {
    const replace = () => super.load(rows, run);
    return this.#steps.load?.(rows, run, replace) ?? replace();
  }
}

/** Work that is no extract, transform and load, without any mixin. */
export class Chore extends RunBase<{ readonly day: string }> {
  static readonly processor = defineProcessor({ name: 'Chore', sport: 'nba', output: 'nba_ops.chore' });
  readonly #work: (run: Run<{ readonly day: string }>) => Promise<RunResult>;

  constructor(
    context: Context,
    work: (run: Run<{ readonly day: string }>) => Promise<RunResult> = async (run) => succeeded(run),
  ) {
    super(context);
    this.#work = work;
  }

  upstream() {
    return [];
  }

  protected optionsSchema() {
    return z.strictObject({ day: z.iso.date() });
  }

  protected dateOf(options: { readonly day: string }) {
    return options.day;
  }

  protected work(run: Run<{ readonly day: string }>) {
    return this.#work(run);
  }
}
