import { eastern, timestamp } from '../../days.ts';
import { chance, stream } from '../../random.ts';
import type { Game, Row, Table } from '../../season.ts';
import type { NbaLeague, TeamSheet } from '../league.ts';
import type { Player } from '../players.ts';

/**
 * The league's injury report, at noon and at half past four: who is out, and of whom it is not sure. Some of the
 * doubtful are settled by the second report; who falls ill later is on neither.
 */
export const injuryReport: Table<NbaLeague> = {
  name: 'nba_raw.nbac_injury_report',
  rows(league, date, at) {
    const reports = [12 * 60, 16 * 60 + 30].filter((minute) => eastern(date, minute) <= at);
    return league.playedOn(date).flatMap((game) => {
      if (reports.length === 0) return [];
      const { home, away } = league.sheet(game);
      return [home, away].flatMap((sheet) =>
        reports.flatMap((minute, index) => teamRows(league.seed, game, sheet, minute, index === 1)),
      );
    });
  },
};

function teamRows(seed: number, game: Game, sheet: TeamSheet, minute: number, second: boolean): Row[] {
  const row = (player: Player, status: string, reason: string): Row => ({
    report_date: game.date,
    report_hour: Math.floor(minute / 60),
    game_date: game.date,
    game_id: game.boxScoreId,
    team: sheet.team.abbr,
    player_lookup: player.lookup,
    player_name: player.name,
    injury_status: status,
    reason,
    processed_at: timestamp(eastern(game.date, minute + 2)),
  });
  const draw = (player: Player) => stream(seed, 'nba injury report', game.id, player.lookup);
  const out = sheet.out
    .filter(({ late }) => !late)
    .map(({ player, reason }) => {
      const unsure = !reason.startsWith('G League') && chance(draw(player), 0.15);
      return row(player, unsure && !second ? 'questionable' : 'out', reason);
    });
  const able = sheet.able.flatMap((player): Row[] => {
    const random = draw(player);
    if (!chance(random, 0.06)) return [];
    const settled = chance(random, 0.5);
    return [
      row(player, second && settled ? 'available' : 'questionable', 'Injury/Illness - Left Ankle; Soreness'),
    ];
  });
  return [...out, ...able];
}
