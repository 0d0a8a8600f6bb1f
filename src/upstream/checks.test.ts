import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openWarehouse, type Warehouse } from '../local/index.ts';
import { RecordingLogger, VirtualClock } from '../testing/index.ts';
import type { UpstreamCheck } from './check.ts';
import { anyOf, outputOf, query, rows, schedule, snapshot } from './declare.ts';
import { gameCode } from './games.ts';
import { createUpstreamReader } from './upstream-reader.ts';

// The questions as the embedded warehouse answers them, on small tables whose answers can be counted by hand.
const date = '2026-01-15';
const range = { startDate: date, endDate: date };
const wall = '2026-01-16T06:00:00Z';
const games = schedule('nba_raw.nbac_schedule');

const definitions = [
  `CREATE TABLE nba_raw.nbac_schedule (game_id STRING, game_date DATE, game_status INT64, game_status_text STRING,
    home_team_tricode STRING, away_team_tricode STRING, is_all_star BOOL, processed_at TIMESTAMP)`,
  `CREATE TABLE mlb_raw.mlb_schedule (game_pk INT64, game_date DATE, status_detailed STRING, home_team_abbr STRING,
    away_team_abbr STRING, processed_at TIMESTAMP)`,
  'CREATE TABLE nba_raw.boxscore (game_id STRING, game_date DATE, team STRING, kind STRING, processed_at TIMESTAMP)',
  'CREATE TABLE nba_raw.gamebook (game_id STRING, game_date DATE, processed_at TIMESTAMP)',
  'CREATE TABLE nba_raw.roster (team STRING, roster_date DATE, processed_at TIMESTAMP)',
];

interface Game {
  readonly game_id: string;
  readonly game_date?: string;
  readonly game_status?: number;
  readonly game_status_text?: string;
  readonly home_team_tricode: string;
  readonly away_team_tricode: string;
  readonly is_all_star?: boolean;
  readonly processed_at?: string;
}

const early = '2026-01-16T05:00:00Z';
const memphis = { game_id: '0022500529', home_team_tricode: 'ORL', away_team_tricode: 'MEM' };
const boston = { game_id: '0022500530', home_team_tricode: 'MIA', away_team_tricode: 'BOS' };
const codes = { memphis: gameCode(date, 'MEM', 'ORL'), boston: gameCode(date, 'BOS', 'MIA') };

describe('upstream checks on the embedded warehouse', () => {
  let warehouse: Warehouse;

  beforeAll(async () => {
    warehouse = await openWarehouse({ file: ':memory:' });
  });
  afterAll(() => warehouse.close());
  beforeEach(async () => {
    for (const definition of definitions)
      await warehouse.query(definition.replace('CREATE TABLE', 'CREATE OR REPLACE TABLE'));
  });

  const ask = async (checks: readonly UpstreamCheck[], on: { backfill?: boolean; date?: string } = {}) => {
    const reader = createUpstreamReader({
      bigquery: warehouse,
      clock: new VirtualClock({ wall }),
      logger: new RecordingLogger(),
    });
    const answers = await reader.ask([{ key: 'k', date, checks, ...on }]);
    return answers.get('k');
  };
  const put = (table: string, given: readonly object[]) => warehouse.insert(table, given);
  const putGames = (...given: readonly Game[]) =>
    put(
      'nba_raw.nbac_schedule',
      given.map((game) => ({
        game_date: date,
        game_status: 3,
        game_status_text: 'Final',
        is_all_star: false,
        processed_at: early,
        ...game,
      })),
    );
  const putBoxes = (...given: readonly object[]) =>
    put(
      'nba_raw.boxscore',
      given.map((row) => ({ game_date: date, team: 'T', kind: 'final', processed_at: early, ...row })),
    );
  const lacks = async (...checks: readonly UpstreamCheck[]) => {
    const answer = await ask(checks);
    if (answer?.status !== 'not_ready') throw new Error(`the answer is ${JSON.stringify(answer)}`);
    return answer;
  };

  describe('a schedule', () => {
    it('is final when every game is', async () => {
      await putGames(memphis, boston);
      expect(await ask([games.final(range)])).toEqual({
        status: 'ready',
        dependencies: [
          {
            name: 'nba_raw.nbac_schedule final',
            table: 'nba_raw.nbac_schedule',
            ready: true,
            found: 2,
            wanted: 2,
            unit: 'games',
            newest: '2026-01-16T05:00:00.000Z',
          },
        ],
      });
    });

    it('is not final while a game is on, and names it', async () => {
      await putGames(memphis, { ...boston, game_status: 2, game_status_text: 'Q4 1:02' });
      expect((await lacks(games.final(range))).missing).toEqual([
        'nba_raw.nbac_schedule: 1 of 2 games final (missing 0022500530 BOS@MIA)',
      ]);
    });

    it('counts the newest row of a game alone', async () => {
      await putGames({ ...memphis, game_status: 2, processed_at: '2026-01-16T03:00:00Z' }, memphis);
      expect(await ask([games.final(range)])).toMatchObject({
        status: 'ready',
        dependencies: [{ found: 1, wanted: 1 }],
      });
    });

    it.each([
      ['postponed', { game_status_text: 'PPD' }],
      ['postponed, in words', { game_status_text: 'Postponed' }],
      ['cancelled', { game_status_text: 'Cancelled' }],
      ['an all-star game', { is_all_star: true }],
    ])('leaves out a game that is %s', async (_, change) => {
      await putGames(memphis, { ...boston, game_status: 1, ...change });
      expect(await ask([games.final(range)])).toMatchObject({
        status: 'ready',
        dependencies: [{ wanted: 1 }],
      });
    });

    it('does not wait for a game that was moved to another day', async () => {
      await putGames(
        memphis,
        { ...boston, game_status: 1, processed_at: '2026-01-14T00:00:00Z' },
        { ...boston, game_status: 1, game_date: '2026-01-20' },
      );
      expect(await ask([games.final(range)])).toMatchObject({
        status: 'ready',
        dependencies: [{ wanted: 1 }],
      });
    });

    it('has no games when all of the day were postponed', async () => {
      await putGames({ ...memphis, game_status: 1, game_status_text: 'PPD' });
      expect(await lacks(games.final(range))).toMatchObject({ reason: 'no_games' });
    });

    it('has no games on a day between others', async () => {
      await putGames({ ...memphis, game_date: '2026-01-14' }, { ...boston, game_date: '2026-01-16' });
      expect(await lacks(games.scheduled(range))).toMatchObject({ reason: 'no_games', missing: [] });
    });

    it.each([
      ['is empty', []],
      ['ends before the day', ['2026-01-13', '2026-01-14']],
      ['starts after it', ['2026-01-16', '2026-01-17']],
    ])('is missing, and does not say "no games", when it %s', async (_, days) => {
      const [first, second] = days;
      if (first && second) await putGames({ ...memphis, game_date: first }, { ...boston, game_date: second });
      expect(await lacks(games.final(range))).toMatchObject({
        reason: 'missing',
        missing: ['nba_raw.nbac_schedule has nothing on 2026-01-15, nor before and after it'],
      });
    });

    it('has games scheduled before any is played', async () => {
      await putGames({ ...memphis, game_status: 1 });
      expect(await ask([games.scheduled(range)])).toMatchObject({ status: 'ready' });
    });

    it('knows how baseball says it', async () => {
      const mlb = schedule('mlb_raw.mlb_schedule');
      const game = { game_date: date, home_team_abbr: 'NYY', away_team_abbr: 'BOS', processed_at: early };
      await put('mlb_raw.mlb_schedule', [
        { ...game, game_pk: 1, status_detailed: 'Final' },
        { ...game, game_pk: 2, status_detailed: 'Completed Early' },
        { ...game, game_pk: 3, status_detailed: 'Postponed' },
      ]);
      expect(await ask([mlb.final(range)])).toMatchObject({ status: 'ready', dependencies: [{ wanted: 2 }] });
      await put('mlb_raw.mlb_schedule', [{ ...game, game_pk: 4, status_detailed: 'In Progress' }]);
      expect((await lacks(mlb.final(range))).missing[0]).toContain('2 of 3 games final (missing 4 BOS@NYY)');
    });
  });

  describe('rows for each game', () => {
    const boxes = rows('nba_raw.boxscore').forDates(range).atLeast({ rows: 2, per: games });

    it('are there when each game has enough, joined by the code that box scores bear', async () => {
      await putGames(memphis, boston);
      for (const game_id of Object.values(codes)) await putBoxes({ game_id }, { game_id });
      expect(await ask([boxes])).toMatchObject({ status: 'ready', dependencies: [{ found: 2, wanted: 2 }] });
    });

    it('are not there when a game has too few, and it is named', async () => {
      await putGames(memphis, boston);
      await putBoxes({ game_id: codes.memphis }, { game_id: codes.memphis }, { game_id: codes.boston });
      expect((await lacks(boxes)).missing).toEqual([
        'nba_raw.boxscore: rows for 1 of 2 games (missing 0022500530 BOS@MIA)',
      ]);
    });

    it('are not there because rows of other days or other games are', async () => {
      await putGames(memphis);
      await putBoxes(
        { game_id: codes.memphis, game_date: '2026-01-14' },
        { game_id: codes.memphis, game_date: '2026-01-16' },
        { game_id: memphis.game_id },
        { game_id: memphis.game_id },
      );
      expect((await lacks(boxes)).dependencies).toMatchObject([{ found: 0, wanted: 1 }]);
    });

    it('count different values where versions of a row must not count twice', async () => {
      await putGames(memphis);
      const teams = boxes.distinct('team');
      await putBoxes({ game_id: codes.memphis, team: 'MEM' }, { game_id: codes.memphis, team: 'MEM' });
      expect(await lacks(teams)).toBeDefined();
      await putBoxes({ game_id: codes.memphis, team: 'ORL' });
      expect(await ask([teams])).toMatchObject({ status: 'ready' });
    });

    it('may be wanted of a share of the games', async () => {
      await putGames(memphis, boston);
      await putBoxes({ game_id: codes.memphis });
      const share = (wanted: number) =>
        rows('nba_raw.boxscore').forDates(range).atLeast({ share: wanted, of: games });
      expect(await ask([share(0.5)])).toMatchObject({ status: 'ready', dependencies: [{ wanted: 1 }] });
      expect(await lacks(share(0.51))).toBeDefined();
    });

    it('may be in either of two tables', async () => {
      await putGames(memphis, boston);
      const either = anyOf(boxes, rows('nba_raw.gamebook').forDates(range).atLeast({ rows: 1, per: games }));
      await putBoxes({ game_id: codes.memphis }, { game_id: codes.memphis });
      expect((await lacks(either)).missing[0]).toContain('nba_raw.boxscore or nba_raw.gamebook');
      await put('nba_raw.gamebook', [{ game_id: codes.boston, game_date: date, processed_at: early }]);
      expect(await ask([either])).toMatchObject({ status: 'ready', dependencies: [{ found: 2, wanted: 2 }] });
    });

    it('are not "all there" for a schedule that knows no games', async () => {
      await putBoxes({ game_id: codes.memphis }, { game_id: codes.memphis });
      expect(await lacks(boxes)).toMatchObject({ reason: 'missing' });
      await putGames({ ...memphis, game_date: '2026-01-14' }, { ...boston, game_date: '2026-01-16' });
      expect(await lacks(boxes)).toMatchObject({ reason: 'no_games' });
    });
  });

  describe('rows of a table', () => {
    const finals = rows('nba_raw.boxscore').forDates(range).where({ kind: 'final' }).atLeast(2);

    it('are counted with their values', async () => {
      await putBoxes({ game_id: 'a' }, { game_id: 'b', kind: 'live' });
      expect((await lacks(finals)).missing).toEqual(['nba_raw.boxscore: 1 of 2 rows for 2026-01-15']);
      await putBoxes({ game_id: 'b' });
      expect(await ask([finals])).toMatchObject({ status: 'ready', dependencies: [{ found: 2, wanted: 2 }] });
    });

    it('are none without days', async () => {
      await putBoxes({ game_id: 'a' });
      expect(await lacks(rows('nba_raw.boxscore'))).toMatchObject({ dependencies: [{ found: 0 }] });
    });

    it('must be fresh, but not for a backfill', async () => {
      const fresh = rows('nba_raw.boxscore').forDates(range).fresherThan('2h');
      await putBoxes({ game_id: 'a', processed_at: '2026-01-16T03:59:59Z' });
      expect((await lacks(fresh)).missing[0]).toMatch(/2026-01-16T03:59:59.*too old/);
      expect(await ask([fresh], { backfill: true })).toMatchObject({ status: 'ready' });
      // Whoever asks for a date of last week fills it in later.
      expect(await ask([fresh], { date: '2026-01-09' })).toMatchObject({ status: 'ready' });
      await putBoxes({ game_id: 'b', processed_at: '2026-01-16T04:00:00Z' });
      expect(await ask([fresh])).toMatchObject({ status: 'ready' });
    });

    it('may be another processor’s output', async () => {
      const roster = outputOf({ processor: { output: 'nba_raw.roster', partition: 'roster_date' } });
      expect(roster.output).toBe('nba_raw.roster');
      expect(await lacks(roster.forDates(range))).toBeDefined();
      await put('nba_raw.roster', [{ team: 'MEM', roster_date: date, processed_at: early }]);
      expect(await ask([roster.forDates(range)])).toMatchObject({ status: 'ready' });
    });
  });

  it('wants a snapshot whole', async () => {
    const teams = snapshot('nba_raw.roster', { on: date, date: 'roster_date', distinct: 'team', count: 2 });
    const row = { roster_date: date, processed_at: early };
    await put('nba_raw.roster', [
      { ...row, team: 'MEM' },
      { ...row, team: 'MEM' },
    ]);
    expect((await lacks(teams)).missing).toEqual(['nba_raw.roster: 1 of 2 team for 2026-01-15']);
    await put('nba_raw.roster', [{ ...row, team: 'ORL' }]);
    expect(await ask([teams])).toMatchObject({ status: 'ready' });
  });

  describe('a hand-written query', () => {
    const count = (least: number) =>
      query(
        `-- counts 'rows @least'
        SELECT COUNT(*) >= @least AS data_available, COUNT(*) AS cnt, MAX(processed_at) AS newest
        FROM nba_raw.boxscore WHERE game_date = CAST(@date AS DATE) -- of @date`,
        { least, date },
        ['nba_raw.boxscore'],
      );

    it('answers by data_available, and shows the rest', async () => {
      await putBoxes({ game_id: 'a' });
      const answer = await lacks(count(2));
      expect(answer.missing[0]).toContain('"cnt":1');
      expect(await ask([count(1)])).toMatchObject({ status: 'ready', dependencies: [{ found: 1 }] });
    });

    it('answers by cnt', async () => {
      const some = query('SELECT COUNT(*) AS cnt FROM nba_raw.boxscore;');
      expect(await lacks(some)).toBeDefined();
      await putBoxes({ game_id: 'a' });
      expect(await ask([some])).toMatchObject({ status: 'ready' });
    });

    it.each([
      ['gives no row', 'SELECT 1 AS cnt FROM nba_raw.boxscore'],
      ['gives neither column', 'SELECT 1 AS anything'],
      ['gives null', 'SELECT CAST(NULL AS BOOL) AS data_available'],
      ['asks a table that is not there', 'SELECT COUNT(*) AS cnt FROM nba_raw.nowhere'],
      ['is no SQL', 'SELECT FROM WHERE'],
    ])('is unknown when it %s', async (_, sql) => {
      expect(await ask([query(sql)])).toMatchObject({ status: 'unknown' });
    });
  });

  it('is ready only if all are, and tells of each what it lacks', async () => {
    await putGames(memphis);
    const answer = await lacks(
      games.final(range),
      rows('nba_raw.boxscore').forDates(range).atLeast({ rows: 2, per: games }),
      rows('nba_raw.gamebook').forDates(range),
    );
    expect(answer.dependencies.map(({ ready }) => ready)).toEqual([true, false, false]);
    expect(answer.missing).toHaveLength(2);
  });

  it('is unknown as a whole where one check can not be asked', async () => {
    await putGames(memphis);
    expect(await ask([games.final(range), rows('nba_raw.nowhere').forDates(range)])).toMatchObject({
      status: 'unknown',
    });
  });

  it('makes one bad check of many unknown, and no other', async () => {
    await putGames(memphis);
    const reader = createUpstreamReader({
      bigquery: warehouse,
      clock: new VirtualClock({ wall }),
      logger: new RecordingLogger(),
    });
    const requests = Array.from({ length: 9 }, (_, index) => ({
      key: `k${index}`,
      date,
      checks: [index === 5 ? rows('nba_raw.nowhere').forDates(range) : games.final(range)],
    }));
    const answers = await reader.ask(requests);
    expect(requests.map(({ key }) => answers.get(key)?.status)).toEqual([
      ...Array(5).fill('ready'),
      'unknown',
      ...Array(3).fill('ready'),
    ]);
  });
});
