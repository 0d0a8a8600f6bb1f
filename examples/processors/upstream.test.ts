import type { UpstreamAnswer } from 'breakwater/upstream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RawRow, RawTables } from './independent/raw.ts';
import {
  MlbBatterGameSummary,
  PlayerGameSummary,
  type processors,
  TeamDefenseGameSummary,
  TeamOffenseGameSummary,
} from './index.ts';
import { fill, openLocal } from './testing/local.ts';
import { doubleheader, mlbDate, mlbDays } from './testing/mlb-days.ts';
import { nbaDate, nbaDay, nbaGames, without } from './testing/nba-day.ts';

// Each check is shown true on whole tables and false for each piece that is missing.
describe('upstream checks of the example processors', { timeout: 60_000 }, () => {
  const raw = { ...nbaDay(), ...mlbDays() };
  let context: Awaited<ReturnType<typeof openLocal>>;
  let asked = 0;
  let changed: string[] = [];

  beforeAll(async () => {
    context = await openLocal();
    await fill(context, raw);
  });
  afterAll(() => context[Symbol.asyncDispose]());

  async function ask(Processor: (typeof processors)[number], tables: RawTables): Promise<UpstreamAnswer> {
    const date = Processor.processor.sport === 'mlb' ? mlbDate : nbaDate;
    // What the question before changed is put right again.
    await fill(context, { ...Object.fromEntries(changed.map((table) => [table, raw[table]!])), ...tables });
    changed = Object.keys(tables);
    // A key of its own for each question: nothing is remembered.
    const key = `${Processor.processor.output}/${date}/${asked++}`;
    const checks = new Processor(context).upstream({ startDate: date, endDate: date });
    return (await context.upstream.ask([{ key, date, checks, backfill: true }])).get(key)!;
  }

  const gone = (table: string, matches: (row: RawRow) => boolean) => without(raw, table, matches);
  const notOver = {
    'nba_raw.nbac_schedule': raw['nba_raw.nbac_schedule']!.map((row) =>
      row.game_id === '0022500530' ? { ...row, game_status: 2 } : row,
    ),
  };
  const noRow = (game: string) => (row: RawRow) => row.game_id === game;

  describe.each([
    ['TeamOffenseGameSummaryProcessor', TeamOffenseGameSummary],
    ['TeamDefenseGameSummaryProcessor', TeamDefenseGameSummary],
  ])('%s', (_, Processor) => {
    it('is ready with final games and two team rows each', async () => {
      const tables = { 'nba_raw.nbac_gamebook_player_stats': [] };
      expect(await ask(Processor, tables)).toMatchObject({ status: 'ready' });
    });

    it('is ready with the gamebook in the box scores’ place', async () => {
      expect(await ask(Processor, { 'nba_raw.nbac_team_boxscore': [] })).toMatchObject({ status: 'ready' });
    });

    it('is not ready while a game is not over, and names it', async () => {
      const answer = await ask(Processor, notOver);
      expect(answer).toMatchObject({ status: 'not_ready', reason: 'missing' });
      expect(answer.status === 'not_ready' && answer.missing.join()).toContain('1 of 2');
    });

    it.each([
      ['one team’s row', (row: RawRow) => row.game_id === nbaGames[0] && row.team_abbr === 'MEM'],
      ['a game’s rows', noRow(nbaGames[1])],
    ])('is not ready without %s and without a gamebook', async (_, matches) => {
      const tables = {
        ...gone('nba_raw.nbac_team_boxscore', matches),
        'nba_raw.nbac_gamebook_player_stats': [],
      };
      expect(await ask(Processor, tables)).toMatchObject({ status: 'not_ready', reason: 'missing' });
    });

    it('is not ready without the schedule', async () => {
      expect((await ask(Processor, { 'nba_raw.nbac_schedule': [] })).status).toBe('not_ready');
    });
  });

  describe('PlayerGameSummaryProcessor', () => {
    const onlyGamebook = { 'nba_raw.nbac_player_boxscores': [] };
    const onlyBoxScores = { 'nba_raw.nbac_gamebook_player_stats': [] };
    const range = { startDate: nbaDate, endDate: nbaDate };

    beforeAll(async () => {
      await ask(TeamOffenseGameSummary, {});
      await new TeamOffenseGameSummary(context).run(range);
    });

    it.each([
      ['the gamebook', onlyGamebook],
      ['final box scores', onlyBoxScores],
    ])('is ready with final games, team offence and %s', async (_, tables) => {
      expect(await ask(PlayerGameSummary, tables)).toMatchObject({ status: 'ready' });
    });

    it('is not ready while a game is not over', async () => {
      expect((await ask(PlayerGameSummary, notOver)).status).toBe('not_ready');
    });

    it.each([
      [
        'the gamebook',
        { ...gone('nba_raw.nbac_gamebook_player_stats', noRow(nbaGames[0])), ...onlyGamebook },
      ],
      ['the box scores', { ...gone('nba_raw.nbac_player_boxscores', noRow(nbaGames[0])), ...onlyBoxScores }],
    ])('is not ready without a game’s rows in %s', async (_, tables) => {
      expect((await ask(PlayerGameSummary, tables)).status).toBe('not_ready');
    });

    it('is not ready with box scores that are not final', async () => {
      const live = raw['nba_raw.nbac_player_boxscores']!.map((row) => ({ ...row, game_status: 'Live' }));
      const tables = { ...onlyBoxScores, 'nba_raw.nbac_player_boxscores': live };
      expect((await ask(PlayerGameSummary, tables)).status).toBe('not_ready');
    });

    it('is not ready without the output of team offence', async () => {
      const { output } = TeamOffenseGameSummary.processor;
      await context.bigquery.replacePartition(output, { column: 'game_date', value: nbaDate }, []);
      expect((await ask(PlayerGameSummary, {})).status).toBe('not_ready');
      await new TeamOffenseGameSummary(context).run(range, { force: true });
      expect((await ask(PlayerGameSummary, {})).status).toBe('ready');
    });
  });

  describe('MlbBatterGameSummaryProcessor', () => {
    const inGame = (pk: number) => (row: RawRow) => row.game_pk === pk;

    it('is ready when every game that was not postponed is final and has batters', async () => {
      expect((await ask(MlbBatterGameSummary, {})).status).toBe('ready');
      const onlyBdl = { 'mlb_raw.mlbapi_batter_stats': [] };
      expect((await ask(MlbBatterGameSummary, onlyBdl)).status).toBe('ready');
    });

    it('is not ready with batters of a game that is not over', async () => {
      const live = raw['mlb_raw.bdl_batter_stats']!.map((row) => ({
        ...row,
        game_status: 'STATUS_IN_PROGRESS',
      }));
      const tables = { 'mlb_raw.mlbapi_batter_stats': [], 'mlb_raw.bdl_batter_stats': live };
      expect((await ask(MlbBatterGameSummary, tables)).status).toBe('not_ready');
    });

    it('is not ready while a game of the doubleheader is not over', async () => {
      const tables = {
        'mlb_raw.mlb_schedule': raw['mlb_raw.mlb_schedule']!.map((row) =>
          row.game_pk === doubleheader[1] ? { ...row, status_detailed: 'In Progress' } : row,
        ),
      };
      expect((await ask(MlbBatterGameSummary, tables)).status).toBe('not_ready');
    });

    it.each(doubleheader)('is not ready without the batters of game %i', async (pk) => {
      const tables = {
        ...gone('mlb_raw.bdl_batter_stats', inGame(pk)),
        'mlb_raw.mlbapi_batter_stats': [],
      };
      expect((await ask(MlbBatterGameSummary, tables)).status).toBe('not_ready');
    });

    it('is not ready without the schedule', async () => {
      expect((await ask(MlbBatterGameSummary, { 'mlb_raw.mlb_schedule': [] })).status).toBe('not_ready');
    });
  });
});
