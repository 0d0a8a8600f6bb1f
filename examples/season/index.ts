import { ConfigurationError } from 'breakwater';
import { addDays, daysBetween, isDay } from './days.ts';
import { createMlbLeague } from './mlb/league.ts';
import { mlbTables } from './mlb/tables/index.ts';
import { createNbaLeague } from './nba/league.ts';
import { nbaTables } from './nba/tables/index.ts';
import type { Game, Season, Sport, Table } from './season.ts';

export type { Game, Postponement, Row, Season, Sport } from './season.ts';

export interface SeasonOptions {
  /** The same seed, the same season; a whole number. */
  readonly seed: number;
  readonly sport: Sport;
  /** Opening day. Default: 21 October 2025 (NBA), 26 March 2026 (MLB). */
  readonly startDate?: string | undefined;
  /** Cuts the season after this day. Default: the season's own last day. */
  readonly endDate?: string | undefined;
  /** Cuts the season after this many games. Default: all 1,230 (NBA) or 2,430 (MLB). */
  readonly games?: number | undefined;
}

/**
 * A season of 30 teams with invented players, whose raw tables fit together and have believable numbers.
 *
 * @throws ConfigurationError
 *
 * @example
 * const season = generateSeason({ seed: 7, sport: 'nba' });
 * season.rows('nba_raw.nbac_team_boxscore', '2026-01-15');
 */
export function generateSeason(options: SeasonOptions): Season {
  const { seed, sport, startDate = openingDays[sport], endDate, games } = options;
  if (startDate === undefined) throw new ConfigurationError('sport', '"nba" or "mlb"', sport);
  if (!Number.isSafeInteger(seed)) throw new ConfigurationError('seed', 'a whole number', seed);
  if (!isDay(startDate)) throw new ConfigurationError('startDate', 'a day as YYYY-MM-DD', startDate);
  if (endDate !== undefined && !(isDay(endDate) && endDate >= startDate))
    throw new ConfigurationError('endDate', `a day as YYYY-MM-DD, not before ${startDate}`, endDate);
  if (games !== undefined && !(Number.isSafeInteger(games) && games > 0))
    throw new ConfigurationError('games', 'a whole number above 0', games);
  const cut = { seed, startDate, endDate, games };
  return sport === 'nba'
    ? seasonOf(sport, seed, createNbaLeague(cut), nbaTables)
    : seasonOf(sport, seed, createMlbLeague(cut), mlbTables);
}

const openingDays: Readonly<Record<string, string>> = { nba: '2025-10-21', mlb: '2026-03-26' };

interface AnyLeague {
  readonly startDate: string;
  readonly endDate: string;
  readonly games: readonly Game[];
  playedOn(date: string): readonly Game[];
}

function seasonOf<League extends AnyLeague>(
  sport: Sport,
  seed: number,
  league: League,
  tables: readonly Table<League>[],
): Season {
  const { startDate, endDate } = league;
  const byName = new Map(tables.map((table) => [table.name, table]));
  const byId = new Map(
    league.games.flatMap(
      (game) =>
        [
          [game.id, game],
          [game.boxScoreId, game],
        ] as const,
    ),
  );
  return {
    sport,
    seed,
    tables: [...byName.keys()],
    dates: Array.from({ length: daysBetween(startDate, endDate) + 1 }, (_, day) => addDays(startDate, day)),
    games: (date) => league.playedOn(date),
    game(id) {
      const game = byId.get(String(id));
      if (game === undefined) throw new ConfigurationError('game', 'the id of a game of the season', id);
      return game;
    },
    rows(name, date, { at = Number.POSITIVE_INFINITY } = {}) {
      const table = byName.get(name);
      if (table === undefined)
        throw new ConfigurationError('table', `one of ${[...byName.keys()].join(', ')}`, name);
      return table.rows(league, date, at);
    },
  };
}
