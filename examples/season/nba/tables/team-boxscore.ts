import type { Game, Row, Table } from '../../season.ts';
import type { NbaLeague } from '../league.ts';
import { boxColumns } from '../line.ts';
import type { TeamResult } from '../play.ts';
import { landed } from './landing.ts';

/** Two rows a game, a quarter of an hour after its end; the sums of the players' numbers. */
export const teamBoxscore: Table<NbaLeague> = {
  name: 'nba_raw.nbac_team_boxscore',
  rows: (league, date, at) =>
    landed(league.playedOn(date), at, 12, (game, processedAt) => {
      const { home, away, overtimes } = league.result(game);
      const minutes = 240 + 25 * overtimes;
      return [
        teamRow(game, game.home, home, home.points - away.points, minutes, processedAt),
        teamRow(game, game.away, away, away.points - home.points, minutes, processedAt),
      ];
    }),
};

function teamRow(
  game: Game,
  team: string,
  { lines }: TeamResult,
  margin: number,
  minutes: number,
  processedAt: string,
): Row {
  const boxes = lines.map(boxColumns);
  const columns = Object.keys(boxes[0]!) as (keyof (typeof boxes)[number])[];
  const { points, ...totals } = Object.fromEntries(
    columns.map((column) => [column, boxes.reduce((sum, box) => sum + box[column], 0)]),
  ) as (typeof boxes)[number];
  return {
    game_id: game.boxScoreId,
    nba_game_id: game.id,
    game_date: game.date,
    team_abbr: team,
    is_home: team === game.home,
    points,
    minutes,
    ...totals,
    plus_minus: margin,
    processed_at: processedAt,
  };
}
