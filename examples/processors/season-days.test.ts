import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { independentOutputs } from './independent/outputs.ts';
import { hashOf } from './independent/provenance.ts';
import type { RawRow } from './independent/raw.ts';
import {
  AsyncUpcomingPlayerGameContext,
  type ExampleProcessor,
  PlayerGameSummary,
  processors,
  TeamOffenseGameSummary,
  UpcomingPlayerGameContext,
} from './index.ts';
import { fill, openLocal, outputOf } from './testing/local.ts';
import { expectRows, timeless } from './testing/rows.ts';
import { seasonDays } from './testing/season-days.ts';

// All rows and columns of every output, computed from the raw rows without SQL; `npm run backfill -- --check` does it for more days.
describe('every output of a sampled day of each sport, with what lies before it', () => {
  const nba = seasonDays('nba', 3);
  const mlb = seasonDays('mlb', 13);
  const raw: Record<string, RawRow[]> = { ...nba.raw, ...mlb.raw };
  const sampled = { nba: nba.dates.at(-1)!, mlb: mlb.dates.at(-1)! };
  let context: Awaited<ReturnType<typeof openLocal>>;

  beforeAll(async () => {
    context = await openLocal();
    // Shots of the sampled day are enough, and they are many.
    const shots = raw['nba_raw.bigdataball_play_by_play']!;
    raw['nba_raw.bigdataball_play_by_play'] = shots.filter((row) => row.game_date === sampled.nba);
    await fill(context, raw);
    for (const date of nba.dates.slice(0, -1)) await run(date, [TeamOffenseGameSummary, PlayerGameSummary]);
    await run(sampled.nba, processorsOf('nba'));
    await run(sampled.mlb, processorsOf('mlb'));
  }, 60_000);
  afterAll(() => context[Symbol.asyncDispose]());

  const processorsOf = (sport: string) => processors.filter(({ processor }) => processor.sport === sport);

  async function run(date: string, chosen: readonly ExampleProcessor[]) {
    for (const Processor of chosen) {
      const [result] = await new Processor(context).run({ startDate: date, endDate: date });
      expect(result, Processor.processor.name).toMatchObject({ status: 'succeeded' });
    }
  }

  it.each(processors.map((Processor) => [Processor.processor.output, Processor] as const))(
    '%s',
    async (output, Processor) => {
      const { sport, partition, key } = Processor.processor;
      const date = sampled[sport as 'nba' | 'mlb'];
      const actual = (await outputOf(context, Processor)).filter((row) => row[partition] === date);
      const expected = independentOutputs[output]!(raw, date);
      expect(expected.length).toBeGreaterThan(4);
      expectRows(actual, expected, key);
      const columns = Object.keys(actual[0]!).filter(
        (name) => name !== 'processed_at' && name !== 'data_hash',
      );
      expect(columns.sort()).toEqual(Object.keys(expected[0]!).sort());
      const own = columns.filter((name) => !/^source_|^quality_|^is_production_ready$/.test(name));
      for (const row of actual) if ('data_hash' in row) expect(row.data_hash).toBe(hashOf(row, own));
    },
  );

  it('are the same from the async twin, its six extractions at once, under the same key', async () => {
    const before = await outputOf(context, UpcomingPlayerGameContext);
    const date = sampled.nba;
    const twin = new AsyncUpcomingPlayerGameContext(context);
    const [result] = await twin.run({ startDate: date, endDate: date }, { force: true });
    expect(result).toMatchObject({
      status: 'succeeded',
      key: `nba_analytics.upcoming_player_game_context/${date}`,
      processor: 'UpcomingPlayerGameContextProcessor',
    });
    expect(result.steps.filter(({ name }) => name.startsWith('read '))).toHaveLength(6);
    expect(timeless(await outputOf(context, UpcomingPlayerGameContext))).toEqual(timeless(before));
  });

  it('are done: what was run is skipped when it is run again', async () => {
    const date = sampled.nba;
    for (const Processor of processorsOf('nba')) {
      const [result] = await new Processor(context).run({ startDate: date, endDate: date });
      expect(result, Processor.processor.name).toMatchObject({ status: 'skipped', reason: 'already_done' });
    }
  });
});
