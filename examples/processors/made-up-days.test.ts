import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batterGames } from './independent/mlb.ts';
import { playerGames, teamDefense, teamOffense } from './independent/nba.ts';
import type { RawTables } from './independent/raw.ts';
import {
  type ExampleProcessor,
  MlbBatterGameSummary,
  PlayerGameSummary,
  TeamDefenseGameSummary,
  TeamOffenseGameSummary,
} from './index.ts';
import { fill, openLocal, outputOf } from './testing/local.ts';
import { doubleheader, mlbDate, mlbDays } from './testing/mlb-days.ts';
import { nbaDate, nbaDay, nbaGames, without } from './testing/nba-day.ts';
import { expectRows, timeless } from './testing/rows.ts';

const summaries = [
  TeamOffenseGameSummary,
  TeamDefenseGameSummary,
  PlayerGameSummary,
  MlbBatterGameSummary,
] as const satisfies readonly ExampleProcessor[];

// Every source, every fallback, older versions of rows, an overtime, absences, a doubleheader.
describe('the processors on made-up days', { timeout: 60_000 }, () => {
  const raw = { ...nbaDay(), ...mlbDays() };
  let context: Awaited<ReturnType<typeof openLocal>>;

  beforeAll(async () => {
    context = await openLocal();
  });
  afterAll(() => context[Symbol.asyncDispose]());

  async function runOn(tables: RawTables, chosen: readonly ExampleProcessor[] = summaries) {
    await fill(context, tables);
    const results = [];
    for (const Processor of chosen) {
      const date = Processor.processor.sport === 'mlb' ? mlbDate : nbaDate;
      const [result] = await new Processor(context).run({ startDate: date, endDate: date }, { force: true });
      results.push(result);
    }
    return results;
  }

  async function expectIndependent(tables: RawTables) {
    const expected = [
      teamOffense(tables, nbaDate),
      teamDefense(tables, nbaDate),
      playerGames(tables, nbaDate),
      batterGames(tables, mlbDate),
    ];
    for (const [index, Processor] of summaries.entries()) {
      expectRows(await outputOf(context, Processor), expected[index]!, Processor.processor.key);
    }
  }

  it('agree with the independent calculation', async () => {
    expect(await runOn(raw)).toMatchObject(Array(4).fill({ status: 'succeeded' }));
    await expectIndependent(raw);
  });

  it('leave no column of their tables empty', async () => {
    for (const Processor of summaries) {
      const rows = await outputOf(context, Processor);
      const empty = Object.keys(rows[0]!).filter((column) => rows.every((row) => row[column] === null));
      expect(empty, Processor.processor.output).toEqual([]);
    }
  });

  it('give the same again, once', async () => {
    const before = await Promise.all(summaries.map((Processor) => outputOf(context, Processor)));
    await runOn(raw);
    const after = await Promise.all(summaries.map((Processor) => outputOf(context, Processor)));
    expect(after.map(timeless)).toEqual(before.map(timeless));
  });

  it('sum the gamebook where the box scores are missing', async () => {
    const tables = { ...raw, 'nba_raw.nbac_team_boxscore': [] };
    expect(await runOn(tables, [TeamOffenseGameSummary, TeamDefenseGameSummary])).toMatchObject(
      Array(2).fill({ status: 'succeeded' }),
    );
    const offense = await outputOf(context, TeamOffenseGameSummary);
    expectRows(offense, teamOffense(tables, nbaDate), ['team_abbr']);
    expect(offense.map((row) => row.quality_tier)).toEqual(Array(4).fill('silver'));
    expectRows(await outputOf(context, TeamDefenseGameSummary), teamDefense(tables, nbaDate), [
      'defending_team_abbr',
    ]);
  });

  it('take a game from the final box score when nobody in its gamebook is active', async () => {
    const tables = without(
      raw,
      'nba_raw.nbac_gamebook_player_stats',
      (row) => row.game_id === nbaGames[1] && row.player_status === 'active',
    );
    await runOn(raw, [TeamOffenseGameSummary]);
    expect(await runOn(tables, [PlayerGameSummary])).toMatchObject([{ status: 'succeeded' }]);
    const rows = await outputOf(context, PlayerGameSummary);
    expectRows(rows, playerGames(tables, nbaDate), ['player_lookup']);
    expect(new Set(rows.map((row) => `${row.game_id} ${row.quality_tier}`))).toEqual(
      new Set([`${nbaGames[0]} gold`, `${nbaGames[1]} silver`]),
    );
  });

  it('take the better betting line: DraftKings, FanDuel, then others, the latest of each', async () => {
    await runOn(raw, [TeamOffenseGameSummary, PlayerGameSummary]);
    const rows = await outputOf(context, PlayerGameSummary);
    const line = (player: string) => rows.find((row) => row.player_lookup === player)?.points_line;
    expect([0, 3, 5, 7].map((place) => line(`orlplayer${place}`))).toEqual([8, 9.5, 11.5, null]);
  });

  it('say for whom the teams are missing, instead of writing players without them', async () => {
    await fill(context, raw);
    await context.bigquery.replacePartition(
      TeamOffenseGameSummary.processor.output,
      { column: 'game_date', value: nbaDate },
      (await outputOf(context, TeamOffenseGameSummary)).map((row) => ({ ...row, possessions: null })),
    );
    const [result] = await new PlayerGameSummary(context).run(
      { startDate: nbaDate, endDate: nbaDate },
      { force: true },
    );
    expect(result).toMatchObject({ status: 'failed', reason: 'validation_failed', errorKind: 'permanent' });
    expect(String('error' in result && result.error)).toContain('no possessions for 4 of 4 teams');
  });

  it('refuse a day on which four in five of the teams are not there, though each game has one', async () => {
    await runOn(raw, [TeamOffenseGameSummary]);
    await context.bigquery.replacePartition(
      TeamOffenseGameSummary.processor.output,
      { column: 'game_date', value: nbaDate },
      (await outputOf(context, TeamOffenseGameSummary)).filter((row) => row.home_game),
    );
    const [result] = await new PlayerGameSummary(context).run(
      { startDate: nbaDate, endDate: nbaDate },
      { force: true },
    );
    expect(result).toMatchObject({ status: 'failed', reason: 'validation_failed', errorKind: 'permanent' });
    expect(String('error' in result && result.error)).toContain('2 of 4 final teams, below 80 %');
  });

  it('count the first game of a doubleheader before the second', async () => {
    await runOn(raw, [MlbBatterGameSummary]);
    const rows = await outputOf(context, MlbBatterGameSummary);
    const [first, second] = doubleheader.map((game) =>
      rows.find((row) => row.game_pk === game && row.player_lookup === 'nyybatter0'),
    );
    expect(first).toMatchObject({ game_number: 1, days_since_last_game: 3 });
    expect(second).toMatchObject({ game_number: 2, days_since_last_game: 0 });
  });
});
