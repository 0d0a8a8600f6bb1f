import type { CallOptions, DateRange, Run, SourceColumns } from 'breakwater';
import { z } from 'zod';
import { addDays } from '../../dates.ts';
import { type CalendarGame, readCalendar } from './calendar.ts';
import { type GameLine, readGameLines } from './game-lines.ts';
import { type Injury, readInjuries } from './injuries.ts';
import { readPointsLines } from './points-lines.ts';

/** What the six sources know of a date's players. */
export interface PlayerContextDay {
  readonly date: string;
  readonly games: readonly CalendarGame[];
  readonly roster: readonly z.infer<typeof rosterPlayer>[];
  readonly pointsLines: Awaited<ReturnType<typeof readPointsLines>>;
  /** Games that players took the floor in, of the thirty days before. */
  readonly played: readonly PlayedGame[];
  readonly lines: readonly GameLine[];
  readonly injuries: readonly Injury[];
}

/** The six extractions, by name. Each reads one source and needs none of the others. */
export const extractions = {
  games: (run: Run<DateRange>, call?: CallOptions) => readCalendar(run, { before: 0, after: 0 }, call),
  roster: (run: Run<DateRange>, call?: CallOptions) =>
    run.bigquery.query(latestRosters, {
      params: { first: addDays(run.date, -7), date: run.date },
      types: { first: 'DATE', date: 'DATE' },
      schema: rosterPlayer,
      ...call,
    }),
  pointsLines: readPointsLines,
  played: (run: Run<DateRange>, call?: CallOptions) =>
    run.bigquery.query(playedGames, {
      params: { first: addDays(run.date, -30), last: addDays(run.date, -1) },
      types: { first: 'DATE', last: 'DATE' },
      schema: playedGame,
      ...call,
    }),
  lines: readGameLines,
  injuries: readInjuries,
} as const;

/** How many rows each source gave, and how new the newest of them was. */
export function contextSources(
  day: PlayerContextDay,
): SourceColumns<
  | 'nbac_schedule'
  | 'espn_team_rosters'
  | 'odds_api_player_points_props'
  | 'player_game_summary'
  | 'odds_api_game_lines'
  | 'nbac_injury_report'
> {
  const processed = (rows: readonly { readonly processed_at: string | null }[]) =>
    newest(rows.map((row) => row.processed_at));
  const updated = (rows: readonly { readonly updated: string | null }[]) =>
    newest(rows.map((row) => row.updated));
  return {
    source_nbac_schedule_last_updated: updated(day.games),
    source_nbac_schedule_rows_found: day.games.length,
    source_espn_team_rosters_last_updated: processed(day.roster),
    source_espn_team_rosters_rows_found: day.roster.length,
    source_odds_api_player_points_props_last_updated: processed(day.pointsLines),
    source_odds_api_player_points_props_rows_found: day.pointsLines.length,
    source_player_game_summary_last_updated: updated(day.played),
    source_player_game_summary_rows_found: day.played.length,
    source_odds_api_game_lines_last_updated: updated(day.lines),
    source_odds_api_game_lines_rows_found: day.lines.length,
    source_nbac_injury_report_last_updated: processed(day.injuries),
    source_nbac_injury_report_rows_found: day.injuries.length,
  };
}

function newest(times: readonly (string | null)[]): string | null {
  let latest: string | null = null;
  for (const time of times)
    if (time !== null && (latest === null || Date.parse(time) > Date.parse(latest))) latest = time;
  return latest;
}

const rosterPlayer = z.object({
  team_abbr: z.string(),
  player_lookup: z.string(),
  player_full_name: z.string().nullable(),
  processed_at: z.string().nullable(),
});

const playedGame = z.object({
  player_lookup: z.string(),
  game_date: z.string(),
  points: z.int(),
  minutes_played: z.number().nullable(),
  usage_rate: z.number().nullable(),
  /** How new the data of the row was: a second computation of the same is no newer. */
  updated: z.string().nullable(),
});
export type PlayedGame = z.infer<typeof playedGame>;

// A roster is read whole, so a team's last reading of the week is it; who is in two of them is where he was seen last.
const latestRosters = `
  WITH latest AS (
    SELECT team_abbr, player_lookup, player_full_name, roster_date, scrape_hour, processed_at
    FROM nba_raw.espn_team_rosters
    WHERE roster_date BETWEEN @first AND @date
    QUALIFY RANK() OVER (PARTITION BY team_abbr ORDER BY roster_date DESC, scrape_hour DESC) = 1
  )
  SELECT team_abbr, player_lookup, player_full_name, processed_at
  FROM latest
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY player_lookup
    ORDER BY roster_date DESC, scrape_hour DESC, processed_at DESC, team_abbr
  ) = 1
  ORDER BY team_abbr, player_lookup`;

const playedGames = `
  SELECT
    player_lookup,
    game_date,
    points,
    minutes_played,
    usage_rate,
    COALESCE(
      source_nbac_gamebook_player_stats_last_updated,
      source_nbac_player_boxscores_last_updated
    ) AS updated
  FROM nba_analytics.player_game_summary
  WHERE game_date BETWEEN @first AND @last AND is_active`;
