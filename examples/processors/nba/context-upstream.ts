import type { DateRange } from 'breakwater';
import { anyOf, query, rows, type Schedule, type UpstreamCheck } from 'breakwater/upstream';
import { addDays } from '../../dates.ts';
import { gamesBetween } from './calendar.ts';
import { PlayerGameSummary } from './player-game-summary.ts';

/** Spreads of a bookmaker that is read, for four games of five: a game without lines holds up nobody else's. */
export function bettingLines(options: DateRange, games: Schedule) {
  const spreads = (bookmaker: string) =>
    rows('nba_raw.odds_api_game_lines')
      .where({ market_key: 'spreads', bookmaker_key: bookmaker })
      .forDates(options)
      .atLeast({ share: 0.8, of: games });
  return anyOf(spreads('draftkings'), spreads('fanduel'));
}

/**
 * Players of every game of the month before, up to the day before. Asked by hand: a month without games, before opening day,
 * lacks nothing.
 */
export function playersUpToTheDayBefore({ startDate, endDate }: DateRange): UpstreamCheck {
  const { output } = PlayerGameSummary.processor;
  const check = query(
    `SELECT
      COUNT(*) = COUNT(players.game_id) AS data_available,
      STRING_AGG(CASE WHEN players.game_id IS NULL THEN games.code END, ', ' ORDER BY games.code LIMIT 20) AS games_without_players,
      MAX(players.newest) AS newest
    FROM (
      SELECT CONCAT(FORMAT_DATE('%Y%m%d', game_date), '_', away_team_tricode, '_', home_team_tricode) AS code
      FROM (${gamesBetween('CAST(@first AS DATE)', 'CAST(@last AS DATE)')}) AS month
    ) AS games
    LEFT JOIN (
      SELECT game_id, MAX(processed_at) AS newest
      FROM ${output}
      WHERE game_date BETWEEN CAST(@first AS DATE) AND CAST(@last AS DATE)
      GROUP BY game_id
    ) AS players ON players.game_id = games.code`,
    { first: addDays(startDate, -30), last: addDays(endDate, -1) },
    ['nba_raw.nbac_schedule', output],
  );
  return Object.freeze({ ...check, name: `${output} up to the day before`, output });
}

/** Rosters of all teams within the week, of which the latest are read. */
export function rostersOfTheWeek({ startDate }: DateRange): UpstreamCheck {
  const table = 'nba_raw.espn_team_rosters';
  const check = query(
    `SELECT
      COUNT(DISTINCT team_abbr) = 30 AS data_available,
      COUNT(DISTINCT team_abbr) AS teams_with_a_roster,
      MAX(processed_at) AS newest
    FROM ${table}
    WHERE roster_date BETWEEN DATE_SUB(CAST(@date AS DATE), INTERVAL 7 DAY) AND CAST(@date AS DATE)`,
    { date: startDate },
    [table],
  );
  return Object.freeze({ ...check, name: `${table} of the week` });
}
