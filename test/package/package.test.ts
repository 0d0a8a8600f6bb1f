import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Consumer, packedConsumer } from './packed.ts';

// Packing and compiling take seconds on a busy machine.
const patience = 120_000;

const processor = `
import { AnalyticsProcessorBase, defineProcessor, type DateRange, type Run } from 'breakwater';
import { rows, schedule } from 'breakwater/upstream';

export class Totals extends AnalyticsProcessorBase<{ team: string; points: number }[], { team: string; total: number; game_date: string }> {
  static readonly processor = defineProcessor({
    name: 'Totals', sport: 'nba', output: 'demo.totals', partition: 'game_date', key: ['game_date', 'team'],
  });
  upstream(options: DateRange) {
    const games = schedule('demo.schedule');
    return [games.final(options), rows('demo.points').forDates(options).atLeast({ rows: 1, per: games })];
  }
  protected extract(run: Run<DateRange>) {
    return run.bigquery.query<{ team: string; points: number }>('SELECT team, points FROM demo.points WHERE game_date = @date', { params: { date: run.date } });
  }
  protected transform(points: { team: string; points: number }[], run: Run<DateRange>) {
    return points.map(({ team, points }) => ({ team, total: points, game_date: run.date }));
  }
}
// A class between: a user's own base.
export abstract class OurBase<Raw, Row extends object> extends AnalyticsProcessorBase<Raw, Row> {}
export type Options = Parameters<Totals['run']>[0];
`;

describe('the packed package', () => {
  let consumer: Consumer;
  beforeAll(() => {
    consumer = packedConsumer(['@duckdb/node-api', '@duckdb/node-bindings', '@polyglot-sql/sdk']);
    consumer.write({ 'package.json': '{ "name": "consumer", "private": true }' });
  }, patience);
  afterAll(() => consumer.remove());

  it('is imported by ES modules, each class one class whichever entry it comes from', () => {
    consumer.write({
      'entries.mjs': `
        import * as core from 'breakwater';
        import * as policy from 'breakwater/policy';
        import * as upstream from 'breakwater/upstream';
        import * as trigger from 'breakwater/trigger';
        import * as local from 'breakwater/local';
        import * as testing from 'breakwater/testing';
        const error = await policy.timeout({ after: 1 }).execute(() => new Promise(() => {})).catch((e) => e);
        console.log(error instanceof core.TimeoutError, core.retry === policy.retry,
          [upstream.rows, trigger.createDispatcher, local.createLocalContext, testing.createTestContext].every((f) => typeof f === 'function'));
      `,
    });
    expect(consumer.node('entries.mjs')).toBe('true true true\n');
  });

  it('is required by CommonJS, which gets the same classes as an import of it', () => {
    consumer.write({
      'required.cjs': `
        const { retry, TimeoutError, BreakwaterError } = require('breakwater/policy');
        const { VirtualClock } = require('breakwater/testing');
        import('breakwater').then(async (core) => {
          const value = await retry({ attempts: 2, backoff: () => 0 }).execute(({ attempt }) => {
            if (attempt === 1) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
            return attempt;
          });
          console.log(value, core.TimeoutError === TimeoutError, new VirtualClock().now(), TimeoutError.prototype instanceof BreakwaterError);
        });
      `,
    });
    expect(consumer.node('required.cjs')).toBe('2 true 0 true\n');
  });

  it('runs a processor embedded, with nothing installed but its peers', () => {
    consumer.write({
      'embedded.mjs': `
        import { mkdtempSync, rmSync } from 'node:fs';
        import { AnalyticsProcessorBase, defineProcessor } from 'breakwater';
        import { createLocalContext } from 'breakwater/local';
        import { rows } from 'breakwater/upstream';
        class Totals extends AnalyticsProcessorBase {
          static processor = defineProcessor({ name: 'Totals', sport: 'nba', output: 'demo.totals', partition: 'game_date', key: ['game_date', 'team'] });
          upstream(options) { return [rows('demo.points').forDates(options).atLeast(1)]; }
          extract(run) { return run.bigquery.query('SELECT team, SUM(points) AS total FROM demo.points WHERE game_date = @date GROUP BY team', { params: { date: run.date } }); }
          transform(teams, run) { return teams.map((team) => ({ ...team, game_date: run.date })); }
        }
        const dir = mkdtempSync('embedded-');
        const context = await createLocalContext({ dir });
        await context.bigquery.query('CREATE TABLE demo.points (game_date DATE, team STRING, points INT64, processed_at TIMESTAMP)');
        await context.bigquery.query('CREATE TABLE demo.totals (game_date DATE, team STRING, total INT64)');
        const day = { startDate: '2026-01-15', endDate: '2026-01-15' };
        const [early] = await new Totals(context).run(day);
        await context.bigquery.insert('demo.points', [...[50, 51].map((points) => ({ game_date: '2026-01-15', team: 'BOS', points, processed_at: '2026-01-16T05:00:00Z' }))]);
        context.upstream.tableUpdated('demo.points', ['2026-01-15']);
        const [late] = await new Totals(context).run(day);
        console.log(early.status, early.reason, '|', late.status, JSON.stringify(await context.bigquery.query('SELECT * FROM demo.totals')));
        await context.close();
        rmSync(dir, { recursive: true });
      `,
    });
    expect(consumer.node('--disable-warning=ExperimentalWarning', 'embedded.mjs')).toBe(
      'skipped upstream_not_ready | succeeded [{"game_date":"2026-01-15","team":"BOS","total":101}]\n',
    );
  });

  it(
    'has types that a strict user compiles against, as ESM and as CommonJS, with declarations of their own',
    () => {
      consumer.write({
        'own-processor.mts': processor,
        'own-processor.cts': processor,
        'policies.cts': `
          import policy = require('breakwater/policy');
          const guarded = policy.compose(policy.timeout({ after: '1s' }), policy.retry({ attempts: 2 }));
          async function load(this: { base: string }, id: number): Promise<string> { return this.base + id; }
          export const wrapped: (this: { base: string }, id: number) => Promise<string> = guarded.wrap(load);
        `,
      });
      expect(consumer.complaints()).toBe('');
    },
    patience,
  );

  it('holds nothing but what a user needs', () => {
    const listing = consumer.node(
      '-e',
      "console.log(require('fs').readdirSync('node_modules/breakwater').sort().join(' '))",
    );
    expect(listing.trim().split(' ')).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist',
      'package.json',
    ]);
  });
});
