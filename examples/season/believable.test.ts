import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generateSeason } from './index.ts';
import type { Row } from './season.ts';
import { number, playerFigures, type Spread, sum, teamFigures } from './testing/box-scores.ts';
import { deviation, mean } from './testing/numbers.ts';

// The real games of 15 March 2025: 8 games, 16 teams, 157 players. Mean and standard deviation of a team's game.
const realTeams: Readonly<Record<string, Spread>> = {
  points: [113.375, 10.996],
  field_goals_made: [42.625, 4.717],
  field_goals_attempted: [89.5, 5.354],
  three_pointers_made: [13.6875, 3.198],
  three_pointers_attempted: [37.4375, 5.727],
  free_throws_attempted: [18, 6.25],
  offensive_rebounds: [10.75, 3.435],
  defensive_rebounds: [32.375, 5.402],
  assists: [28, 5.831],
  steals: [7.3125, 2.869],
  blocks: [4.875, 1.821],
  turnovers: [12.625, 3.403],
  personal_fouls: [17.5625, 2.92],
  pace: [99.295, 7.07],
  efg: [0.5528, 0.0514],
};
const realPlayers: ReturnType<typeof playerFigures> = {
  playersOfTeam: 9.8125,
  meanPoints: 11.554,
  deviationOfPoints: 9.05,
  pointsQuartiles: [5, 10, 18],
  share20: 0.1847,
  fiveMostUsedShareOfMinutes: 0.6871,
  minutesByRank: [37.0625, 28.75, 15.3125],
  pointsByRank: [28.5625, 21.0625, 10.25],
};
// The 195 regular games of the schedule around it: a team's score, and by how much the home team wins.
const realScores: Spread = [115.085, 12.274];
const realMargins: Spread = [2.067, 14.304];

const season = generateSeason({ seed: 7, sport: 'nba' });
const all = (table: string) => season.dates.flatMap((date) => season.rows(table, date));
const teams = teamFigures(all('nba_raw.nbac_team_boxscore'));
const players = playerFigures(all('nba_raw.nbac_player_boxscores'));

describe('a generated NBA season beside the real games', () => {
  it.each(Object.keys(realTeams))('has their mean of %s within two standard errors of sixteen', (figure) => {
    const [[real, spread], [made]] = [realTeams[figure]!, teams[figure]!];
    expect(Math.abs(made - real)).toBeLessThan((2 * spread) / Math.sqrt(16));
  });

  it.each(Object.keys(realTeams))('spreads %s as they do, within what sixteen can tell', (figure) => {
    const ratio = teams[figure]![1] / realTeams[figure]![1];
    expect(ratio).toBeGreaterThan(0.65);
    expect(ratio).toBeLessThan(1.5);
  });

  it('plays at a pace of 99 and shoots 54 per cent', () => {
    expect(Math.abs(teams.pace![0] - 99)).toBeLessThan(1.5);
    expect(Math.abs(teams.efg![0] - 0.54)).toBeLessThan(0.015);
  });

  it('ends as the schedule of a month did: scores within 3 points, home advantage within 1, spreads within 15 per cent', () => {
    const finals = all('nba_raw.nbac_schedule').filter((row) => row.game_status === 3 && !row.is_all_star);
    const [home, away] = ['home', 'away'].map((side) =>
      finals.map((row) => number(row, `${side}_team_score`)),
    );
    const scores = [...home!, ...away!];
    const margins = home!.map((score, index) => score - away![index]!);
    expect(Math.abs(mean(scores) - realScores[0])).toBeLessThan(3);
    expect(Math.abs(mean(margins) - realMargins[0])).toBeLessThan(1);
    expect(Math.abs(deviation(margins) / realMargins[1] - 1)).toBeLessThan(0.15);
    expect(Math.abs(deviation(scores) / realScores[1] - 1)).toBeLessThan(0.15);
  });

  it('shares a game among players as they do', () => {
    expect(Math.abs(players.playersOfTeam - realPlayers.playersOfTeam)).toBeLessThan(0.6);
    expect(Math.abs(players.meanPoints - realPlayers.meanPoints)).toBeLessThan(0.8);
    expect(Math.abs(players.deviationOfPoints / realPlayers.deviationOfPoints - 1)).toBeLessThan(0.1);
    expect(Math.abs(players.share20 - realPlayers.share20)).toBeLessThan(0.03);
    expect(
      Math.abs(players.fiveMostUsedShareOfMinutes - realPlayers.fiveMostUsedShareOfMinutes),
    ).toBeLessThan(0.02);
    for (const quartile of [0, 1, 2])
      expect(
        Math.abs(players.pointsQuartiles[quartile]! - realPlayers.pointsQuartiles[quartile]!),
      ).toBeLessThan(3);
    for (const rank of [0, 1, 2]) {
      expect(Math.abs(players.minutesByRank[rank]! - realPlayers.minutesByRank[rank]!)).toBeLessThan(1.5);
      expect(Math.abs(players.pointsByRank[rank]! - realPlayers.pointsByRank[rank]!)).toBeLessThan(1.5);
    }
  });

  it('has betting lines that are beaten about half of the time, and are near what a player scores on average', () => {
    const points = new Map(
      all('nba_raw.nbac_gamebook_player_stats')
        .filter((row) => row.player_status === 'active')
        .map((row) => [`${row.game_date} ${row.player_lookup}`, number(row, 'points')]),
    );
    const lines = all('nba_raw.odds_api_player_points_props')
      .filter((row) => row.bookmaker === 'draftkings')
      .map((row) => ({ row, points: points.get(`${row.game_date} ${row.player_lookup}`) }))
      .filter((line) => line.points !== undefined);
    const overs = lines.filter(({ row, points }) => points! > number(row, 'points_line')).length;
    expect(Math.abs(overs / lines.length - 0.5)).toBeLessThan(0.04);
    const gaps = [...Map.groupBy(lines, ({ row }) => row.player_lookup).values()]
      .filter((games) => games.length >= 40)
      .map((games) => Math.abs(mean(games.map(({ row, points }) => points! - number(row, 'points_line')))));
    expect(mean(gaps)).toBeLessThan(2);
  });
});

describe('a generated MLB season', () => {
  const mlb = generateSeason({ seed: 7, sport: 'mlb' });
  const batters = mlb.dates.flatMap((date) => mlb.rows('mlb_raw.mlbapi_batter_stats', date));
  const total = (column: string) => sum(batters.map((row) => number(row, column)));
  const teamGames = 2 * 2430;

  // What the major leagues of the last years have, and how far from it a season may be.
  it.each([
    ['at-bats of a team and game', () => total('at_bats') / teamGames, 34, 1.2],
    ['runs of a team and game', () => total('runs') / teamGames, 4.4, 0.3],
    ['home runs of a team and game', () => total('home_runs') / teamGames, 1.1, 0.1],
    ['walks of a team and game', () => total('walks') / teamGames, 3.2, 0.35],
    ['the batting average', () => total('hits') / total('at_bats'), 0.245, 0.006],
    [
      'strike-outs of all who bat',
      () => total('strikeouts') / ((total('at_bats') + total('walks')) * 1.02),
      0.22,
      0.012,
    ],
    ['runs batted in, of all runs', () => total('rbis') / total('runs'), 0.96, 0.03],
  ])('has the usual %s', (_, figure, usual, tolerance) => {
    expect(Math.abs(figure() - usual)).toBeLessThan(tolerance);
  });

  it('spreads runs as usual: a standard deviation of 3.1 within 0.3', () => {
    const runs = [...Map.groupBy(batters, (row) => `${row.game_pk} ${row.team_abbr}`).values()].map((team) =>
      sum(team.map((row) => number(row, 'runs'))),
    );
    expect(Math.abs(deviation(runs) - 3.1)).toBeLessThan(0.3);
  });
});

const folder = new URL('../../../shared/data/nba-2025-03-15/', import.meta.url);

describe.runIf(existsSync(folder))('the figures of the real games', () => {
  const real = (table: string): Row[] =>
    readFileSync(new URL(`nba_raw.${table}.ndjson`, folder), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  it('are those of the team box scores', () => {
    const figures = teamFigures(real('nbac_team_boxscore'));
    for (const [name, [middle, spread]] of Object.entries(realTeams)) {
      expect(figures[name]![0], name).toBeCloseTo(middle, 3);
      expect(figures[name]![1], name).toBeCloseTo(spread, 2);
    }
  });

  it('are those of the player box scores', () => {
    const figures = playerFigures(real('nbac_player_boxscores'));
    for (const [name, value] of Object.entries(realPlayers)) {
      const found = figures[name as keyof typeof figures];
      for (const [index, expected] of [value].flat().entries())
        expect([found].flat()[index], name).toBeCloseTo(expected, 2);
    }
  });

  it('are those of the schedule', () => {
    const finals = real('nbac_schedule').filter((row) => row.game_status === 3 && row.is_regular_season);
    const scores = finals.flatMap((row) => [number(row, 'home_team_score'), number(row, 'away_team_score')]);
    const margins = finals.map((row) => number(row, 'home_team_score') - number(row, 'away_team_score'));
    for (const [numbers, [middle, spread]] of [
      [scores, realScores],
      [margins, realMargins],
    ] as const) {
      expect(mean(numbers)).toBeCloseTo(middle, 2);
      expect(deviation(numbers)).toBeCloseTo(spread, 2);
    }
  });
});
