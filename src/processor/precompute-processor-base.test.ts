import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../errors/index.ts';
import { createTestContext } from '../testing/index.ts';
import { rows } from '../upstream/index.ts';
import type { AnalysisDate } from './date-range.ts';
import { defineProcessor } from './definition.ts';
import { PrecomputeProcessorBase } from './precompute-processor-base.ts';
import type { Run } from './run.ts';

class Features extends PrecomputeProcessorBase<number[], { analysis_date: string; feature: number }> {
  static readonly processor = defineProcessor({
    name: 'Features',
    sport: 'nba',
    output: 'nba_precompute.features',
    partition: 'analysis_date',
  });
  upstream({ analysisDate }: AnalysisDate) {
    return [rows('nba_raw.rosters').forDates({ startDate: analysisDate, endDate: analysisDate }).atLeast(1)];
  }
  protected async extract() {
    return [1, 2];
  }
  protected transform(raw: number[], run: Run<AnalysisDate>) {
    return raw.map((feature) => ({ analysis_date: run.options.analysisDate, feature }));
  }
}

describe('PrecomputeProcessorBase', () => {
  it('prepares one analysis date, in the partition that it declares', async () => {
    const context = createTestContext();
    const results = await new Features(context).run({ analysisDate: '2026-01-16' });
    expect(results).toMatchObject([
      { status: 'succeeded', key: 'nba_precompute.features/2026-01-16', date: '2026-01-16' },
    ]);
    expect(context.bigquery.rowsOf('nba_precompute.features')).toEqual([
      { analysis_date: '2026-01-16', feature: 1 },
      { analysis_date: '2026-01-16', feature: 2 },
    ]);
  });

  it('is skipped while its upstream is not ready', async () => {
    const context = createTestContext();
    context.upstream.notReady(['no rosters']);
    expect(await new Features(context).run({ analysisDate: '2026-01-16' })).toMatchObject([
      { status: 'skipped', reason: 'upstream_not_ready', missing: ['no rosters'] },
    ]);
  });

  it('wants a real date', async () => {
    const features = new Features(createTestContext());
    await expect(features.run({ analysisDate: '2026-13-01' })).rejects.toThrow(ConfigurationError);
    await expect(features.run({ analysisDate: '2026-13-01' })).rejects.toMatchObject({
      field: 'Features.options.analysisDate',
    });
  });
});
