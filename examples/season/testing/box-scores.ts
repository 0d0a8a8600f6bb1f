import type { Row } from '../season.ts';
import { deviation, mean, quantile } from './numbers.ts';

/** Mean and standard deviation of a figure. */
export type Spread = readonly [mean: number, deviation: number];

/** What team box scores look like: figures a team and game. */
export function teamFigures(rows: readonly Row[]): Record<string, Spread> {
  const figure = (of: (row: Row) => number): Spread => {
    const numbers = rows.map(of);
    return [mean(numbers), deviation(numbers)];
  };
  const columns = [
    'points',
    'field_goals_made',
    'field_goals_attempted',
    'three_pointers_made',
    'three_pointers_attempted',
    'free_throws_attempted',
    'offensive_rebounds',
    'defensive_rebounds',
    'assists',
    'steals',
    'blocks',
    'turnovers',
    'personal_fouls',
  ];
  return {
    ...Object.fromEntries(columns.map((column) => [column, figure((row) => number(row, column))])),
    pace: figure((row) => (possessions(row) * 48) / (48 + (5 * (number(row, 'minutes') - 240)) / 25)),
    efg: figure(
      (row) =>
        (number(row, 'field_goals_made') + number(row, 'three_pointers_made') / 2) /
        number(row, 'field_goals_attempted'),
    ),
  };
}

/** How a team's game is shared among its players. */
export function playerFigures(rows: readonly Row[]) {
  const teams = [...Map.groupBy(rows, (row) => `${row.game_id} ${row.team_abbr}`).values()];
  const points = rows.map((row) => number(row, 'points'));
  const ranked = (column: string) =>
    teams.map((team) => team.map((row) => number(row, column)).sort((a, b) => b - a));
  const [minutes, scores] = [ranked('minutes'), ranked('points')];
  const atRank = (lists: number[][], rank: number) =>
    mean(lists.flatMap((list) => (list[rank] === undefined ? [] : [list[rank]])));
  return {
    playersOfTeam: mean(teams.map((team) => team.length)),
    meanPoints: mean(points),
    deviationOfPoints: deviation(points),
    pointsQuartiles: [0.25, 0.5, 0.75].map((share) => quantile(points, share)),
    share20: points.filter((score) => score >= 20).length / points.length,
    fiveMostUsedShareOfMinutes: mean(minutes.map((list) => sum(list.slice(0, 5)) / sum(list))),
    minutesByRank: [0, 4, 7].map((rank) => atRank(minutes, rank)),
    pointsByRank: [0, 1, 4].map((rank) => atRank(scores, rank)),
  };
}

function possessions(row: Row): number {
  return (
    number(row, 'field_goals_attempted') +
    0.44 * number(row, 'free_throws_attempted') +
    number(row, 'turnovers') -
    number(row, 'offensive_rebounds')
  );
}

export function number(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw new Error(`${column} is ${value}, not a number`);
  return value;
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}
