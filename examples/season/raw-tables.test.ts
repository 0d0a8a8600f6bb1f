import { beforeAll, describe, expect, it } from 'vitest';
import { addDays } from './days.ts';
import { generateSeason } from './index.ts';
import type { Row } from './season.ts';
import { number, sum } from './testing/box-scores.ts';
import { deviation, mean } from './testing/numbers.ts';

const nba = generateSeason({ seed: 7, sport: 'nba' });
const mlb = generateSeason({ seed: 7, sport: 'mlb' });
const dates = (season: typeof nba, every = 1) => season.dates.filter((_, index) => index % every === 0);
const all = (season: typeof nba, table: string, every = 1): Row[] =>
  dates(season, every).flatMap((date) => [...season.rows(table, date)]);
// Box scores play the games: of a season of them a part is enough.
const part = 5;
const share = (rows: readonly Row[], holds: (row: Row) => boolean) => rows.filter(holds).length / rows.length;

// What the leagues of the last years have, and how far from it a season may be.
describe('shots of the play-by-play', () => {
  let shots: Row[];
  let boxes: Row[];
  beforeAll(() => {
    shots = all(nba, 'nba_raw.bigdataball_play_by_play', part);
    boxes = all(nba, 'nba_raw.nbac_team_boxscore', part);
  });

  it('are those of the box scores, team by team', () => {
    const [game] = Map.groupBy(shots, (row) => `${row.game_id} ${row.team}`);
    for (const [key, rows] of [...Map.groupBy(shots, (row) => `${row.game_id} ${row.team}`)].slice(0, 60)) {
      const box = boxes.find((row) => `${row.game_id} ${row.team_abbr}` === key)!;
      const of = (...kinds: string[]) => rows.filter((row) => kinds.includes(String(row.shot_type)));
      const made = (list: Row[]) => list.filter((row) => row.shot_made).length;
      expect(of('2PT', '3PT').length, key).toBe(box.field_goals_attempted);
      expect(made(of('2PT', '3PT')), key).toBe(box.field_goals_made);
      expect(made(of('3PT')), key).toBe(box.three_pointers_made);
      expect(made(of('FT')), key).toBe(box.free_throws_made);
      const other = boxes.find((row) => row.game_id === box.game_id && row.team_abbr !== box.team_abbr)!;
      expect(rows.filter((row) => row.block !== null).length, key).toBe(other.blocks);
    }
    expect(game).toBeDefined();
  });

  it.each([
    ['at the rim', 0, 4, 0.45, 0.67],
    ['in the paint', 5, 8, 0.2, 0.45],
    ['from mid-range', 9, 22, 0.35, 0.42],
  ])('%s: as many of the twos, and as good, as in the league', (_, low, high, part, accuracy) => {
    const twos = shots.filter((row) => row.shot_type === '2PT');
    const zone = twos.filter(
      (row) => low <= number(row, 'shot_distance') && number(row, 'shot_distance') <= high,
    );
    expect(Math.abs(zone.length / twos.length - part)).toBeLessThan(0.02);
    expect(Math.abs(share(zone, (row) => row.shot_made === true) - accuracy)).toBeLessThan(0.03);
  });

  it('have no distance when free, and 22 feet at least when worth three', () => {
    expect(shots.filter((row) => row.shot_type === 'FT').every((row) => row.shot_distance === null)).toBe(
      true,
    );
    const threes = shots.filter((row) => row.shot_type === '3PT').map((row) => number(row, 'shot_distance'));
    expect(Math.min(...new Set(threes))).toBe(22);
  });
});

describe('lines on games', () => {
  let lines: Row[];
  const games = dates(nba, part).flatMap((date) => [...nba.games(date)]);
  beforeAll(() => {
    lines = all(nba, 'nba_raw.odds_api_game_lines');
  });
  const latest = (bookmaker: string, market: string) =>
    new Map(
      lines
        .filter(
          (row) =>
            row.bookmaker_key === bookmaker &&
            row.market_key === market &&
            (market === 'totals' ? row.outcome_name === 'Over' : row.outcome_name === row.home_team),
        )
        .map((row) => [row.game_id, number(row, 'outcome_point')]),
    );

  it('are off by 13 points as bookmakers are, to neither side, and covered half of the time', () => {
    const spreads = latest('draftkings', 'spreads');
    const misses = games
      .filter(({ boxScoreId }) => spreads.has(boxScoreId))
      .map((game) => game.homeScore - game.awayScore + spreads.get(game.boxScoreId)!);
    expect(Math.abs(mean(misses))).toBeLessThan(1);
    expect(Math.abs(deviation(misses) - 13)).toBeLessThan(1.5);
    expect(Math.abs(misses.filter((miss) => miss > 0).length / misses.length - 0.5)).toBeLessThan(0.05);
  });

  it('expect as many points as are scored, within two points', () => {
    const totals = latest('fanduel', 'totals');
    const misses = games
      .filter(({ boxScoreId }) => totals.has(boxScoreId))
      .map((game) => game.homeScore + game.awayScore - totals.get(game.boxScoreId)!);
    expect(Math.abs(mean(misses))).toBeLessThan(2);
  });

  it('are missing for a few games, and at DraftKings for one in twenty', () => {
    const any = new Set(lines.map((row) => row.game_id));
    const missing = 1230 - any.size;
    expect(missing).toBeGreaterThan(3);
    expect(missing).toBeLessThan(20);
    expect(latest('draftkings', 'spreads').size / any.size).toBeCloseTo(0.95, 1);
  });

  it('give the away team the home team’s points with the other sign', () => {
    const spreads = lines.filter((row) => row.market_key === 'spreads');
    for (let index = 0; index < spreads.length; index += 2)
      expect(number(spreads[index]!, 'outcome_point') + number(spreads[index + 1]!, 'outcome_point')).toBe(0);
  });
});

describe('rosters', () => {
  const on = (date: string) => nba.rows('nba_raw.espn_team_rosters', date);
  const has = (date: string, lookup: unknown) => on(date).find((row) => row.player_lookup === lookup);

  it('are there every morning, of thirty teams, also before opening day and without games', () => {
    for (const date of [addDays(nba.dates[0]!, -1), '2025-11-27', '2026-02-15']) {
      expect(new Set(on(date).map((row) => row.team_abbr)).size).toBe(30);
    }
    expect(
      nba.rows('nba_raw.espn_team_rosters', '2026-01-15', { at: Date.parse('2026-01-15T12:00Z') }),
    ).toEqual([]);
  });

  it('have each number once in a team', () => {
    for (const team of Map.groupBy(on('2026-03-20'), (row) => row.team_abbr).values())
      expect(new Set(team.map((row) => row.jersey_number)).size).toBe(team.length);
  });

  it('follow every transaction: who is traded changes teams, who is signed for ten days comes and goes', () => {
    const moves = all(nba, 'nba_raw.nbac_player_movement');
    expect(
      Object.fromEntries(
        [...Map.groupBy(moves, (row) => row.transaction_type)].map(([type, rows]) => [type, rows.length]),
      ),
    ).toEqual({ Trade: 18, Signing: expect.any(Number), Waive: expect.any(Number) });
    for (const move of moves) {
      const date = String(move.transaction_date);
      const lookup = String(move.player_slug).replaceAll('-', '');
      const [before, after] = [has(addDays(date, -1), lookup), has(addDays(date, 1), lookup)];
      if (move.transaction_type === 'Trade') expect(after!.team_abbr).not.toBe(before!.team_abbr);
      if (move.transaction_type === 'Signing')
        expect([before, after?.player_lookup]).toEqual([undefined, lookup]);
      if (move.transaction_type === 'Waive')
        expect([before?.player_lookup, after]).toEqual([lookup, undefined]);
    }
  });
});

describe('the injury report', () => {
  it('names everybody whom the gamebook has as inactive, and nobody who fell ill later', () => {
    for (const date of ['2025-12-05', '2026-03-10']) {
      const last = new Map(
        nba.rows('nba_raw.nbac_injury_report', date).map((row) => [row.player_lookup, row.injury_status]),
      );
      const book = nba.rows('nba_raw.nbac_gamebook_player_stats', date);
      for (const row of book.filter(({ player_status }) => player_status === 'inactive'))
        expect(last.get(row.player_lookup)).toBe('out');
      const active = book.filter(({ player_status }) => player_status === 'active');
      expect(active.filter((row) => last.get(row.player_lookup) === 'out')).toEqual([]);
    }
  });
});

describe('pitchers', () => {
  let pitchers: Row[];
  beforeAll(() => {
    pitchers = all(mlb, 'mlb_raw.mlbapi_pitcher_stats', part);
  });
  const outs = (row: Row) => {
    const [innings, rest] = String(row.innings_pitched).split('.').map(Number);
    return 3 * innings! + rest!;
  };
  const total = (rows: readonly Row[], column: string) => sum(rows.map((row) => number(row, column)));

  it('have innings as baseball writes them: .0, .1 or .2', () => {
    const parts = new Set(pitchers.map((row) => String(row.innings_pitched).split('.')[1]));
    expect([...parts].sort()).toEqual(['0', '1', '2']);
  });

  it.each([
    [
      'earned runs in nine innings',
      () => (27 * total(pitchers, 'earned_runs')) / sum(pitchers.map(outs)),
      4.2,
      0.4,
    ],
    [
      'strike-outs in nine innings',
      () => (27 * total(pitchers, 'strikeouts')) / sum(pitchers.map(outs)),
      8.6,
      0.4,
    ],
    [
      'men on base an inning',
      () => (3 * (total(pitchers, 'hits') + total(pitchers, 'walks'))) / sum(pitchers.map(outs)),
      1.3,
      0.08,
    ],
  ])('have the usual %s', (_, figure, usual, tolerance) => {
    expect(Math.abs(figure() - usual)).toBeLessThan(tolerance);
  });

  it('start two a game, for 5.2 innings and 88 pitches', () => {
    const starters = pitchers.filter((row) => row.is_starter === true);
    expect(starters).toHaveLength(2 * dates(mlb, part).flatMap((date) => mlb.games(date)).length);
    expect(Math.abs(sum(starters.map(outs)) / 3 / starters.length - 5.2)).toBeLessThan(0.3);
    expect(Math.abs(total(starters, 'pitch_count') / starters.length - 88)).toBeLessThan(4);
  });
});

describe('the season’s special cases', () => {
  it.each([
    [
      'overtimes',
      () => all(nba, 'nba_raw.nbac_team_boxscore').filter((row) => number(row, 'minutes') > 240).length / 2,
      31,
    ],
    [
      'postponed NBA games',
      () => all(nba, 'nba_raw.nbac_schedule').filter((row) => row.game_status_text === 'PPD').length,
      2,
    ],
    ['all-star games', () => all(nba, 'nba_raw.nbac_schedule').filter((row) => row.is_all_star).length, 3],
    ['days without an NBA game', () => nba.dates.filter((date) => nba.games(date).length === 0).length, 8],
    [
      'second games of doubleheaders',
      () => all(mlb, 'mlb_raw.mlb_schedule').filter((row) => row.game_number === 2).length,
      13,
    ],
    [
      'postponed MLB games',
      () => all(mlb, 'mlb_raw.mlb_schedule').filter((row) => row.status_detailed === 'Postponed').length,
      17,
    ],
    [
      'MLB games ended by rain',
      () =>
        all(mlb, 'mlb_raw.mlb_schedule').filter((row) => row.status_detailed === 'Completed Early').length,
      7,
    ],
  ])('of seed 7 have %s', (_, count, expected) => {
    expect(count()).toBe(expected);
  });

  it('give a game one id in the schedule and another in box scores', () => {
    const [row] = nba.rows('nba_raw.nbac_team_boxscore', '2026-01-15');
    expect([row!.game_id, row!.nba_game_id]).toEqual([
      expect.stringMatching(/^20260115_[A-Z]{3}_[A-Z]{3}$/),
      expect.stringMatching(/^00225\d{5}$/),
    ]);
  });

  it('have players who did not play, each with a reason', () => {
    const idle = nba
      .rows('nba_raw.nbac_gamebook_player_stats', '2026-01-15')
      .filter((row) => row.player_status !== 'active');
    expect(idle.length).toBeGreaterThan(10);
    expect(idle.every((row) => typeof row.dnp_reason === 'string')).toBe(true);
  });
});
