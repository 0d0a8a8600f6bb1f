import { eastern, timestamp } from '../../days.ts';
import { between, chance, normal, stream } from '../../random.ts';
import type { Game, Row, Table } from '../../season.ts';
import { expectedPoints } from '../expected-points.ts';
import type { NbaLeague, TeamSheet } from '../league.ts';

/**
 * Lines on players' points of several bookmakers, in the morning and shortly before the game. Only for those of whom something is
 * expected; not every bookmaker has each of them, and some who have a line don't play in the end.
 */
export const playerPointsProps: Table<NbaLeague> = {
  name: 'nba_raw.odds_api_player_points_props',
  rows(league, date, at) {
    return league.playedOn(date).flatMap((game) => {
      if (at < snapshots(game)[0]!) return [];
      const { home, away } = league.sheet(game);
      return [...teamRows(league.seed, game, home, at), ...teamRows(league.seed, game, away, at)];
    });
  },
};

/** How likely a bookmaker is to have a player. */
const bookmakers = { draftkings: 0.92, fanduel: 0.9, betmgm: 0.8, caesars: 0.7 };

/** Half of the games are below the average by as much as a line has to be. */
const skew = 0.5;

function snapshots(game: Game): readonly number[] {
  return [eastern(game.date, 10 * 60 + 30), game.startsAt - 40 * 60_000];
}

function teamRows(seed: number, game: Game, sheet: TeamSheet, at: number): Row[] {
  const late = sheet.out.filter((entry) => entry.late).map(({ player }) => player);
  const expected = [...sheet.able, ...late].sort((a, b) => a.depth - b.depth);
  return expectedPoints(expected).flatMap(({ player, points }) => {
    const random = stream(seed, 'nba props', game.id, player.lookup);
    if (points < 7 || chance(random, 0.05)) return [];
    return Object.entries(bookmakers).flatMap(([bookmaker, likely]) => {
      const offered = chance(random, likely);
      let line = Math.floor(points - skew + normal(random, 0, 0.7)) + 0.5;
      return snapshots(game).flatMap((time, index) => {
        if (index > 0 && chance(random, 0.3)) line += between(random, 0, 1) * 2 - 1;
        if (!offered || time > at) return [];
        return {
          game_id: game.boxScoreId,
          game_date: game.date,
          player_lookup: player.lookup,
          player_name: player.name,
          bookmaker,
          points_line: line,
          processed_at: timestamp(time),
        };
      });
    });
  });
}
