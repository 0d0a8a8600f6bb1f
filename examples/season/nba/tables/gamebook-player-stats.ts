import type { Game, Row, Table } from '../../season.ts';
import type { NbaLeague, TeamSheet } from '../league.ts';
import { boxColumns, emptyLine, type Line } from '../line.ts';
import type { Player } from '../players.ts';
import type { TeamResult } from '../play.ts';
import { landed } from './landing.ts';

/** A row for everybody on the team sheet, an hour and more after the end: who played, who stayed on the bench, who was out. */
export const gamebookPlayerStats: Table<NbaLeague> = {
  name: 'nba_raw.nbac_gamebook_player_stats',
  rows: (league, date, at) =>
    landed(league.playedOn(date), at, 70, (game, processedAt) => {
      const [result, sheet] = [league.result(game), league.sheet(game)];
      return [
        ...teamRows(game, sheet.home, result.home, processedAt),
        ...teamRows(game, sheet.away, result.away, processedAt),
      ];
    }),
};

function teamRows(game: Game, sheet: TeamSheet, { lines }: TeamResult, processedAt: string): Row[] {
  const row = (player: Player, status: string, reason: string | null, line?: Line): Row => ({
    game_id: game.boxScoreId,
    game_date: game.date,
    player_lookup: player.lookup,
    player_name: player.name,
    team_abbr: sheet.team.abbr,
    player_status: status,
    dnp_reason: reason,
    home_team_abbr: game.home,
    away_team_abbr: game.away,
    minutes: line === undefined ? null : clock(line.seconds),
    ...(line === undefined ? nothing : boxColumns(line)),
    plus_minus: line === undefined ? null : line.plusMinus,
    processed_at: processedAt,
  });
  return [
    ...lines.map((line) =>
      line.played
        ? row(line.player, 'active', null, line)
        : row(line.player, 'dnp', "DNP - Coach's Decision"),
    ),
    ...sheet.out.map(({ player, reason, late }) =>
      late ? row(player, 'dnp', `DND - ${reason}`) : row(player, 'inactive', reason),
    ),
  ];
}

const nothing = Object.fromEntries(
  Object.keys(boxColumns(emptyLine({} as Player))).map((column) => [column, null]),
);

function clock(seconds: number): string {
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}
