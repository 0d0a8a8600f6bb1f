import type { Game, Row, Table } from '../../season.ts';
import type { NbaLeague } from '../league.ts';
import { boxColumns, type Line } from '../line.ts';
import { landed } from './landing.ts';

/** A row for each player who took the floor, a quarter of an hour after the end; minutes are rounded. */
export const playerBoxscores: Table<NbaLeague> = {
  name: 'nba_raw.nbac_player_boxscores',
  rows: (league, date, at) =>
    landed(league.playedOn(date), at, 14, (game, processedAt) => {
      const { home, away } = league.result(game);
      return [
        ...home.lines
          .filter(({ played }) => played)
          .map((line) => playerRow(game, game.home, line, processedAt)),
        ...away.lines
          .filter(({ played }) => played)
          .map((line) => playerRow(game, game.away, line, processedAt)),
      ];
    }),
};

function playerRow(game: Game, team: string, line: Line, processedAt: string): Row {
  const { points, ...box } = boxColumns(line);
  return {
    game_id: game.boxScoreId,
    nba_game_id: game.id,
    game_date: game.date,
    game_status: 'Final',
    player_lookup: line.player.lookup,
    player_name: line.player.name,
    team_abbr: team,
    home_team_abbr: game.home,
    away_team_abbr: game.away,
    is_home: team === game.home,
    points,
    minutes: Math.round(line.seconds / 60),
    ...box,
    plus_minus: line.plusMinus,
    processed_at: processedAt,
  };
}
