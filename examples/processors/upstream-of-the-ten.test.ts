import { createUpstreamReader, type UpstreamAnswer } from 'breakwater/upstream';
import { openWarehouse } from 'breakwater/local';
import { VirtualClock } from 'breakwater/testing';
import { createDispatcher } from 'breakwater/trigger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addDays } from '../dates.ts';
import type { RawRow } from './independent/raw.ts';
import {
  allProcessors,
  DefenseZoneAnalytics,
  type ExampleProcessor,
  MlbPitcherGameSummary,
  RosterHistory,
  UpcomingPlayerGameContext,
  UpcomingTeamGameContext,
} from './index.ts';
import { fill, openLocal, outputOf } from './testing/local.ts';
import { seasonDays } from './testing/season-days.ts';

// All ten on whole tables, then each of the six without each single piece that it reads.
describe('upstream checks of the ten', { timeout: 60_000 }, () => {
  const nba = seasonDays('nba', 3);
  const mlb = seasonDays('mlb', 3);
  const dates = { nba: nba.dates.at(-1)!, mlb: mlb.dates.at(-1)! };
  const games = onDate('nba_raw.nbac_schedule', nba.raw).map((row) => String(row.game_code));
  const codes = games.map((code) => code.replace(/^(\d+)\/(...)(...)$/, '$1_$2_$3'));
  const pks = mlb.raw['mlb_raw.mlb_schedule']!.filter((row) => row.game_date === dates.mlb).map(
    (row) => row.game_pk,
  );
  const raw: Record<string, RawRow[]> = { ...nba.raw, ...mlb.raw, ...outputsBefore() };
  let context: Awaited<ReturnType<typeof openLocal>>;
  let asked = 0;
  let changed: string[] = [];

  beforeAll(async () => {
    context = await openLocal();
    await fill(context, raw);
  }, 60_000);
  afterAll(() => context[Symbol.asyncDispose]());

  function onDate(table: string, tables: Record<string, RawRow[]>): RawRow[] {
    return tables[table]!.filter((row) => row.game_date === dates.nba);
  }

  /** What other processors have made: as much of it as checks look at. */
  function outputsBefore(): Record<string, RawRow[]> {
    const rows = (table: string) => nba.raw[table]!.filter((row) => row.player_status !== 'inactive');
    return {
      'nba_analytics.team_offense_game_summary': rows('nba_raw.nbac_team_boxscore').map(
        ({ game_date, game_id, team_abbr, processed_at }) =>
          ({ game_date, game_id, team_abbr, processed_at }) as RawRow,
      ),
      'nba_analytics.player_game_summary': rows('nba_raw.nbac_gamebook_player_stats')
        .filter((row) => row.game_date !== dates.nba)
        .map(
          ({ game_date, game_id, player_lookup, processed_at }) =>
            ({ game_date, game_id, player_lookup, processed_at }) as RawRow,
        ),
    };
  }

  function requestsFor(chosen: readonly ExampleProcessor[]) {
    return chosen.map((Processor) => {
      const date = dates[Processor.processor.sport as 'nba' | 'mlb'];
      // A key of its own for each question: nothing is remembered.
      const key = `${Processor.name}/${asked++}`;
      return { key, date, checks: new Processor(context).upstream({ startDate: date, endDate: date }) };
    });
  }

  async function ask(Processor: ExampleProcessor, tables: Record<string, RawRow[]>): Promise<UpstreamAnswer> {
    await fill(context, { ...Object.fromEntries(changed.map((table) => [table, raw[table]!])), ...tables });
    changed = Object.keys(tables);
    const requests = requestsFor([Processor]);
    return (await context.upstream.ask(requests)).get(requests[0]!.key)!;
  }

  const without = (table: string, matches: (row: RawRow) => boolean) => ({
    [table]: raw[table]!.filter((row) => !matches(row)),
  });
  const scheduleWith = (change: (row: RawRow, index: number) => RawRow) => {
    const day = onDate('nba_raw.nbac_schedule', raw);
    const others = raw['nba_raw.nbac_schedule']!.filter((row) => row.game_date !== dates.nba);
    return { 'nba_raw.nbac_schedule': [...others, ...day.map(change)] };
  };
  const inGame = (code: string | undefined) => (row: RawRow) => row.game_id === code;

  it('are all ready on whole tables, in one query', async () => {
    const before = context.bigquery.statistics().labelled.upstream ?? 0;
    const requests = requestsFor(allProcessors);
    const answers = await context.upstream.ask(requests);
    expect([...answers].map(([key, { status }]) => `${key.split('/')[0]} ${status}`)).toEqual(
      allProcessors.map(({ name }) => `${name} ready`),
    );
    expect(context.bigquery.statistics().labelled.upstream).toBe(before + 1);
  });

  it('are ready two years later, as for a backfill', async () => {
    const clock = new VirtualClock({ wall: '2028-03-01T00:00:00Z' });
    const { bigquery, logger } = context;
    const requests = requestsFor(allProcessors);
    const answers = await createUpstreamReader({ bigquery, logger, clock }).ask(requests);
    expect(new Set([...answers.values()].map(({ status }) => status))).toEqual(new Set(['ready']));
  });

  it('are unknown, each with the error, when the tables can’t be read', async () => {
    const { clock } = context;
    const bigquery = await openWarehouse({ file: ':memory:' });
    const logger = { ...context.logger, warn: () => {} };
    try {
      const requests = requestsFor(allProcessors);
      const answers = await createUpstreamReader({ bigquery, logger, clock }).ask(requests);
      for (const [key, answer] of answers) {
        expect(answer, key).toMatchObject({ status: 'unknown', error: expect.any(Error) });
      }
      expect(answers.size).toBe(10);
    } finally {
      await bigquery.close();
    }
  });

  it.each(['PPD', 'Postponed', 'Cancelled'])('leave a game out that is “%s”', async (text) => {
    const off = scheduleWith((row, index) =>
      index === 0 ? { ...row, game_status: 1, game_status_text: text } : row,
    );
    await ask(DefenseZoneAnalytics, {
      ...off,
      ...without('nba_raw.bigdataball_play_by_play', inGame(codes[0])),
    });
    const requests = requestsFor(allProcessors.filter(({ processor }) => processor.sport === 'nba'));
    const answers = await context.upstream.ask(requests);
    expect(new Set([...answers.values()].map(({ status }) => status))).toEqual(new Set(['ready']));
  });

  it.each(
    allProcessors.filter((Processor) => Processor !== RosterHistory).map((one) => [one.name, one] as const),
  )('%s is not ready without a schedule', async (_, Processor) => {
    const table = Processor.processor.sport === 'nba' ? 'nba_raw.nbac_schedule' : 'mlb_raw.mlb_schedule';
    expect((await ask(Processor, { [table]: [] })).status).toBe('not_ready');
  });

  const live = scheduleWith((row, index) => (index === 0 ? { ...row, game_status: 2 } : row));
  const shots = 'nba_raw.bigdataball_play_by_play';
  const lines = 'nba_raw.odds_api_game_lines';
  const props = 'nba_raw.odds_api_player_points_props';
  const rosters = 'nba_raw.espn_team_rosters';
  const summary = 'nba_analytics.player_game_summary';
  const pitchers = 'mlb_raw.mlbapi_pitcher_stats';
  const someTeams = (row: RawRow) => String(row.team_abbr) < 'M';
  const twenty = [...new Set(onDate(props, raw).map((row) => row.player_lookup))].slice(0, 20);
  const opening = nba.dates[0]!;

  it.each<[string, ExampleProcessor, Record<string, RawRow[]>, string]>([
    [
      'a game that is not over',
      DefenseZoneAnalytics,
      live,
      `${codes.length - 1} of ${codes.length} games final`,
    ],
    ['the shots of a game', DefenseZoneAnalytics, without(shots, inGame(codes[1])), 'rows for'],
    [
      'the shots of one of its teams',
      DefenseZoneAnalytics,
      without(shots, (row) => row.game_id === codes[1] && row.team === codes[1]!.slice(-3)),
      'rows for',
    ],
    [
      'lines on a fifth of the games and one more',
      UpcomingTeamGameContext,
      without(lines, (row) => codes.slice(0, Math.floor(codes.length / 5) + 1).includes(String(row.game_id))),
      lines,
    ],
    [
      'lines of a bookmaker that is read',
      UpcomingTeamGameContext,
      without(lines, (row) => row.bookmaker_key !== 'betmgm'),
      lines,
    ],
    ['spreads', UpcomingTeamGameContext, without(lines, (row) => row.market_key === 'spreads'), lines],
    [
      'the players of a game of the day before',
      UpcomingPlayerGameContext,
      without(summary, (row) => row.game_date === addDays(dates.nba, -1)),
      'games_without_players',
    ],
    [
      'the players of a game of the month',
      UpcomingPlayerGameContext,
      without(summary, (row) => row.game_date === opening),
      'games_without_players',
    ],
    [
      'the twentieth player with a line',
      UpcomingPlayerGameContext,
      without(props, (row) => !twenty.slice(1).includes(row.player_lookup!)),
      '19 of 20',
    ],
    ['lines on games', UpcomingPlayerGameContext, { [lines]: [] }, lines],
    [
      'the roster of a team',
      UpcomingPlayerGameContext,
      without(rosters, (row) => row.team_abbr === 'UTA'),
      'teams_with_a_roster":29',
    ],
    [
      'the day’s rosters',
      RosterHistory,
      without(rosters, (row) => row.roster_date === dates.nba),
      `0 of 30 team_abbr for ${dates.nba}`,
    ],
    [
      'the rosters of the day before',
      RosterHistory,
      without(rosters, (row) => row.roster_date === addDays(dates.nba, -1)),
      `0 of 30 team_abbr for ${addDays(dates.nba, -1)}`,
    ],
    [
      'the day’s rosters of half of the teams',
      RosterHistory,
      without(rosters, (row) => row.roster_date === dates.nba && someTeams(row)),
      'of 30 team_abbr',
    ],
    [
      'a game that is final',
      MlbPitcherGameSummary,
      {
        'mlb_raw.mlb_schedule': raw['mlb_raw.mlb_schedule']!.map((row) =>
          row.game_pk === pks[0] ? { ...row, status_detailed: 'In Progress' } : row,
        ),
      },
      'games final',
    ],
    [
      'the pitchers of a game',
      MlbPitcherGameSummary,
      without(pitchers, (row) => row.game_pk === pks[0]),
      'rows for',
    ],
    [
      'one of its starting pitchers',
      MlbPitcherGameSummary,
      without(
        pitchers,
        (row) => row.game_pk === pks[0] && row.is_starter === true && row.home_away === 'home',
      ),
      'rows for',
    ],
  ])('without %s, a check is not ready and says so', async (_, Processor, tables, text) => {
    const answer = await ask(Processor, tables);
    expect(answer).toMatchObject({ status: 'not_ready', reason: 'missing' });
    expect(answer.status === 'not_ready' && answer.missing.join('\n')).toContain(text);
  });

  it('are content with lines on four games of five', async () => {
    const fifth = codes.slice(0, Math.floor(codes.length / 5));
    const tables = without(lines, (row) => fifth.includes(String(row.game_id)));
    expect((await ask(UpcomingTeamGameContext, tables)).status).toBe('ready');
  });

  it('know of a month without games, before opening day, that it lacks nobody', async () => {
    const later = scheduleWith((row) => row);
    const tables = {
      ...later,
      'nba_raw.nbac_schedule': later['nba_raw.nbac_schedule']!.filter((row) => row.game_date === dates.nba),
      [summary]: [],
    };
    expect((await ask(UpcomingPlayerGameContext, tables)).status).toBe('ready');
  });

  describe('a roster snapshot that is missing', () => {
    const on = (date: string) => ({ startDate: date, endDate: date });
    // A key is looked at twice a minute at most, so each case has a day of its own.
    const [first, second, third] = nba.dates as readonly [string, string, string];
    const dispatcher = () => createDispatcher({ processors: [RosterHistory], context });

    it.each([
      ['for the day', second, (row: RawRow) => row.roster_date === second],
      ['for half of the teams', third, (row: RawRow) => row.roster_date === third && someTeams(row)],
    ])('%s parks the run: nobody was let go', async (_, date, missing) => {
      await fill(context, without(rosters, missing));
      const how = { trigger: 'test' };
      const [parked] = await dispatcher().dispatch('RosterHistoryProcessor', on(date), how);
      expect(parked).toMatchObject({ status: 'skipped', reason: 'upstream_not_ready' });
      expect(await outputOf(context, RosterHistory)).toEqual([]);
    });

    it('is waited for: the runs start when it has come', async () => {
      await fill(context, { [rosters]: raw[rosters]! });
      const { results } = await dispatcher().tableUpdated(rosters, [second, third]);
      expect(results.map(({ date, status }) => `${date} ${status}`).sort()).toEqual([
        `${second} succeeded`,
        `${third} succeeded`,
      ]);
      const rows = await outputOf(context, RosterHistory);
      expect(rows.length).toBeGreaterThan(0);
      expect(rows.filter((row) => row.change_type === 'removed')).toEqual([]);
    });

    it('in part, in one team, is refused', async () => {
      let kept = 0;
      const missing = (row: RawRow) => row.roster_date === first && row.team_abbr === 'BOS' && kept++ > 2;
      await fill(context, without(rosters, missing));
      const [result] = await new RosterHistory(context).run(on(first));
      expect(result).toMatchObject({ status: 'failed', reason: 'validation_failed' });
      expect(String('error' in result && result.error)).toContain('A roster of BOS has 3 players');
    });
  });
});
