import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { range, Summary } from '../../test/runs/summary.ts';
import { sleep } from '../time/index.ts';
import { createTestContext } from '../testing/index.ts';
import { AnalyticsProcessorBase } from './analytics-processor-base.ts';
import { calendarDate, type DateRange } from './date-range.ts';
import { defineProcessor } from './definition.ts';
import type { Run } from './run.ts';

describe('AnalyticsProcessorBase', () => {
  it('asks its upstream for each date alone', async () => {
    const context = createTestContext();
    await new Summary(context).run({ startDate: '2026-02-27', endDate: '2026-03-01' });
    expect(context.upstream.asked.map(({ date }) => date)).toEqual([
      '2026-02-27',
      '2026-02-28',
      '2026-03-01',
    ]);
  });

  it('takes a thousand days at most, before anything is claimed', async () => {
    const context = createTestContext();
    const run = new Summary(context).run({ startDate: '2020-01-01', endDate: '2022-09-27' });
    await expect(run).rejects.toThrow(
      'Summary.options.endDate must be at most 1000 days after startDate, received "2022-09-27"',
    );
    expect(context.store.calls).toEqual([]);
  });

  it('gives each date its own time-out', async () => {
    class Slow extends Summary {
      static override readonly processor = defineProcessor({ ...Summary.processor, timeout: '90s' });
    }
    const context = createTestContext();
    const slow = new Slow(context, {
      extract: async (run) => {
        await sleep(run.clock, 60_000, run.signal);
        return [];
      },
    });
    const results = await context.clock.runUntil(
      slow.run({ startDate: '2026-01-13', endDate: '2026-01-15' }),
    );
    expect(results.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(context.clock.now()).toBe(180_000);
  });

  it('can be told ahead of a run, purely, what a range needs', () => {
    const context = createTestContext();
    const checks = new Summary(context).upstream({ startDate: '2026-01-13', endDate: '2026-01-15' });
    expect(checks).toMatchObject([{ tables: ['nba_raw.boxscore'] }]);
    expect(context.upstream.asked).toEqual([]);
  });

  it('may have more options than its range: they are part of what was done', async () => {
    type Options = DateRange & { readonly model: string };
    class Model extends AnalyticsProcessorBase<string[], { game_date: string; model: string }, Options> {
      static readonly processor = defineProcessor({
        name: 'Model',
        sport: 'nba',
        output: 'nba_analytics.model',
      });
      upstream() {
        return [];
      }
      protected override optionsSchema() {
        return z.strictObject({ startDate: calendarDate, endDate: calendarDate, model: z.string() });
      }
      protected async extract(run: Run<Options>) {
        return [run.options.model];
      }
      protected transform(models: string[], run: Run<Options>) {
        return models.map((model) => ({ game_date: run.date, model }));
      }
    }
    const context = createTestContext();
    const model = new Model(context);
    await expect(model.run(range as Options)).rejects.toMatchObject({ field: 'Model.options.model' });
    expect(await model.run({ ...range, model: 'a' })).toMatchObject([{ status: 'succeeded' }]);
    expect(await model.run({ ...range, model: 'a' })).toMatchObject([{ reason: 'already_done' }]);
    expect(await model.run({ ...range, model: 'b' })).toMatchObject([{ status: 'succeeded' }]);
    expect(context.bigquery.rowsOf('nba_analytics.model')).toEqual([
      { game_date: range.startDate, model: 'b' },
    ]);
  });
});
