import { eastern, timestamp } from '../../days.ts';
import { chance, normal, type Random, stream } from '../../random.ts';
import type { Game, Row, Table } from '../../season.ts';
import type { NbaLeague } from '../league.ts';
import { teams } from '../teams.ts';

/**
 * Bookmakers' lines on games, in the morning and an hour before the start: the winner, the spread and the total. A bookmaker may
 * lack a game, and one game in a hundred has no line anywhere.
 */
export const gameLines: Table<NbaLeague> = {
  name: 'nba_raw.odds_api_game_lines',
  rows(league, date, at) {
    return league.playedOn(date).flatMap((game) => gameRows(league, game, at));
  },
};

/** How likely a bookmaker is to have a game. */
const bookmakers = { draftkings: 0.95, fanduel: 0.93, betmgm: 0.85 };

function gameRows(league: NbaLeague, game: Game, at: number): Row[] {
  const random = stream(league.seed, 'nba game lines', game.id);
  if (chance(random, 0.01)) return [];
  const outlook = league.outlook(game);
  // What bookmakers know besides, all of them alike: who is fit, who is tired.
  const margin = outlook.margin + normal(random, 0, 1.2);
  const total = outlook.total + normal(random, 0, 2);
  return Object.entries(bookmakers).flatMap(([bookmaker, likely]) => {
    const offered = chance(random, likely);
    let [spread, points] = [halfPoint(margin, random), halfPoint(total, random)];
    return [eastern(game.date, 10 * 60), game.startsAt - 60 * 60_000].flatMap((time, index) => {
      if (index > 0 && chance(random, 0.4)) spread += chance(random, 0.5) ? 0.5 : -0.5;
      if (index > 0 && chance(random, 0.4)) points += chance(random, 0.5) ? 1 : -1;
      return offered && time <= at ? marketRows(game, bookmaker, spread, points, timestamp(time)) : [];
    });
  });
}

function marketRows(game: Game, bookmaker: string, spread: number, total: number, at: string): Row[] {
  const [home, away] = [game.home, game.away].map((abbr) => teams.find((team) => team.abbr === abbr)!.name);
  const row = (market: string, outcome: string, point: number | null): Row => ({
    snapshot_timestamp: at,
    game_id: game.boxScoreId,
    game_date: game.date,
    home_team: home!,
    away_team: away!,
    home_team_abbr: game.home,
    away_team_abbr: game.away,
    bookmaker_key: bookmaker,
    market_key: market,
    outcome_name: outcome,
    outcome_point: point,
    processed_at: at,
  });
  return [
    row('h2h', home!, null),
    row('h2h', away!, null),
    // The favourite gives points: his are below zero.
    row('spreads', home!, -spread),
    row('spreads', away!, spread),
    row('totals', 'Over', total),
    row('totals', 'Under', total),
  ];
}

function halfPoint(value: number, random: Random): number {
  return Math.round(2 * (value + normal(random, 0, 0.4))) / 2;
}
