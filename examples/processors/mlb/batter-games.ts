import { type DateRange, type Run, type SourceColumns, sourceColumns } from 'breakwater';
import { z } from 'zod';

const tables = ['mlb_raw.mlb_schedule', 'mlb_raw.mlbapi_batter_stats', 'mlb_raw.bdl_batter_stats'] as const;

export const batterSources = sourceColumns(tables);

/** A batter's final game of the run's date, with the sums over his games before it. */
export type BatterGame = z.infer<typeof batterGame> & SourceColumns<(typeof tables)[number]>;

/**
 * The batters of the run's date. A doubleheader is two games, and the first of them is before the second.
 *
 * A game that both sources have is taken from the league's own API. Windows reach over the winter; what lies before
 * last year is not read.
 */
export function readBatterGames(run: Run<DateRange>): Promise<BatterGame[]> {
  const since = `${Number(run.date.slice(0, 4)) - 1}-01-01`;
  return run.bigquery.query(batterGames, {
    params: { date: run.date, since },
    types: { date: 'DATE', since: 'DATE' },
    schema: z.intersection(batterGame, batterSources.schema),
  });
}

const text = z.string().nullable();
const sum = z.int().nullable();

const batterGame = z.object({
  game_date: z.string(),
  game_pk: z.int(),
  game_number: z.int(),
  player_lookup: z.string(),
  player_name: text,
  team_abbr: text,
  opponent_abbr: text,
  home_away: text,
  batting_order: sum,
  strikeouts: z.int(),
  at_bats: z.int(),
  hits: sum,
  walks: sum,
  home_runs: sum,
  rbis: sum,
  runs: sum,
  from_fallback: z.boolean(),
  last_game_date: z.string().nullable(),
  strikeouts_last_5: sum,
  at_bats_last_5: sum,
  games_last_10: z.int(),
  strikeouts_last_10: sum,
  squared_strikeouts_last_10: sum,
  at_bats_last_10: sum,
  strikeouts_season: sum,
  at_bats_season: sum,
  hits_season: sum,
  games_wanted: z.int(),
});

const columns = `game_pk, game_date, player_lookup, player_name, team_abbr, opponent_abbr, home_away, batting_order,
      strikeouts, at_bats, hits, walks, home_runs, rbis, runs`;

const final = `('Final', 'Game Over', 'Completed Early')`;

const order = 'ORDER BY game_date, game_number, game_pk ROWS BETWEEN';
const before = (games: number) =>
  `OVER (PARTITION BY player_lookup ${order} ${games} PRECEDING AND 1 PRECEDING)`;
const beforeInSeason = `OVER (PARTITION BY player_lookup, season ${order} UNBOUNDED PRECEDING AND 1 PRECEDING)`;

const batterGames = `
  WITH schedule AS (
    SELECT game_pk, game_date, game_number, status_detailed IN ${final} AS is_final
    FROM mlb_raw.mlb_schedule
    WHERE game_date BETWEEN @since AND @date
    QUALIFY ROW_NUMBER() OVER (PARTITION BY game_pk ORDER BY processed_at DESC) = 1
  ),
  reports AS (
    SELECT ${columns}, processed_at, FALSE AS from_fallback, TRUE AS is_over
    FROM mlb_raw.mlbapi_batter_stats
    WHERE game_date BETWEEN @since AND @date
    UNION ALL
    SELECT ${columns}, processed_at, TRUE AS from_fallback, game_status = 'STATUS_FINAL' AS is_over
    FROM mlb_raw.bdl_batter_stats
    WHERE game_date BETWEEN @since AND @date
  ),
  latest AS (
    SELECT ${columns}, from_fallback, is_over
    FROM reports
    QUALIFY ROW_NUMBER() OVER (
      PARTITION BY game_pk, player_lookup
      ORDER BY from_fallback, processed_at DESC
    ) = 1
  ),
  games AS (
    SELECT latest.*, IFNULL(schedule.game_number, 1) AS game_number, EXTRACT(YEAR FROM latest.game_date) AS season
    FROM latest
    LEFT JOIN schedule ON schedule.game_pk = latest.game_pk
    WHERE latest.is_over AND latest.at_bats > 0 AND IFNULL(schedule.is_final, TRUE)
  ),
  form AS (
    SELECT
      games.*,
      MAX(game_date) ${before(1)} AS last_game_date,
      SUM(strikeouts) ${before(5)} AS strikeouts_last_5,
      SUM(at_bats) ${before(5)} AS at_bats_last_5,
      COUNT(*) ${before(10)} AS games_last_10,
      SUM(strikeouts) ${before(10)} AS strikeouts_last_10,
      SUM(strikeouts * strikeouts) ${before(10)} AS squared_strikeouts_last_10,
      SUM(at_bats) ${before(10)} AS at_bats_last_10,
      SUM(strikeouts) ${beforeInSeason} AS strikeouts_season,
      SUM(at_bats) ${beforeInSeason} AS at_bats_season,
      SUM(hits) ${beforeInSeason} AS hits_season
    FROM games
  ),
  wanted AS (SELECT COUNT(*) AS games_wanted FROM schedule WHERE game_date = @date AND is_final),
  sources AS (${batterSources.sql})
  SELECT form.*, wanted.games_wanted, sources.*
  FROM form CROSS JOIN wanted CROSS JOIN sources
  WHERE form.game_date = @date
  ORDER BY form.game_number, form.game_pk, form.player_lookup`;
