import { type DateRange, type Run, type SourceColumns, sourceColumns } from 'breakwater';
import { z } from 'zod';

const tables = [
  'mlb_raw.mlb_schedule',
  'mlb_raw.mlbapi_pitcher_stats',
  'mlb_raw.mlbapi_batter_stats',
] as const;

export const pitcherSources = sourceColumns(tables);

/** Starts of the pitchers who start on the run's date, and what their opponents did before. */
export interface PitcherDay {
  readonly date: string;
  /** Each pitcher's start of the date and up to ten before it, the latest first. */
  readonly starts: readonly PitcherStart[];
  readonly opponents: readonly OpponentForm[];
  readonly gamesWanted: number;
  readonly sources: SourceColumns<(typeof tables)[number]>;
}

/** What lies before last year is not read. */
export async function readPitcherGames(run: Run<DateRange>): Promise<PitcherDay> {
  const since = `${Number(run.date.slice(0, 4)) - 1}-01-01`;
  const ofDays = { params: { date: run.date, since }, types: { date: 'DATE', since: 'DATE' } } as const;
  const [starts, opponents, [about]] = await Promise.all([
    run.bigquery.query(pitcherStarts, { ...ofDays, schema: pitcherStart }),
    run.bigquery.query(opponentForms, { ...ofDays, schema: opponentForm }),
    run.bigquery.query(wantedGames, {
      ...ofDays,
      schema: z.intersection(z.object({ games_wanted: z.int() }), pitcherSources.schema),
    }),
  ]);
  return {
    date: run.date,
    starts,
    opponents,
    gamesWanted: about!.games_wanted,
    sources: pitcherSources.pick(about!),
  };
}

const text = z.string().nullable();

const pitcherStart = z.object({
  game_date: z.string(),
  game_pk: z.int(),
  game_number: z.int(),
  player_lookup: z.string(),
  player_name: text,
  team_abbr: z.string(),
  opponent_abbr: z.string(),
  home_away: text,
  innings_pitched: z.string(),
  pitch_count: z.int().nullable(),
  strikeouts: z.int(),
  walks: z.int(),
  hits: z.int(),
  earned_runs: z.int(),
});
export type PitcherStart = z.infer<typeof pitcherStart>;

const opponentForm = z.object({
  game_pk: z.int(),
  team_abbr: z.string(),
  strikeouts_last_15: z.int().nullable(),
  at_bats_last_15: z.int().nullable(),
});
export type OpponentForm = z.infer<typeof opponentForm>;

const final = `('Final', 'Game Over', 'Completed Early')`;

const games = `
  schedule AS (
    SELECT game_pk, game_date, game_number, status_detailed IN ${final} AS is_final, home_team_abbr, away_team_abbr
    FROM mlb_raw.mlb_schedule
    WHERE game_date BETWEEN @since AND @date
    QUALIFY ROW_NUMBER() OVER (PARTITION BY game_pk ORDER BY processed_at DESC) = 1
  )`;

// The games of the date and, of each pitcher, ten before. Innings that are no number are kept: they are to be refused.
const pitcherStarts = `
  WITH ${games},
  latest AS (
    SELECT *
    FROM mlb_raw.mlbapi_pitcher_stats
    WHERE game_date BETWEEN @since AND @date
    QUALIFY ROW_NUMBER() OVER (PARTITION BY game_pk, player_lookup ORDER BY processed_at DESC) = 1
  ),
  starters AS (
    SELECT DISTINCT player_lookup FROM latest WHERE game_date = @date AND is_starter
  )
  SELECT
    latest.game_date,
    latest.game_pk,
    IFNULL(schedule.game_number, 1) AS game_number,
    latest.player_lookup,
    latest.player_name,
    latest.team_abbr,
    latest.opponent_abbr,
    latest.home_away,
    latest.innings_pitched,
    latest.pitch_count,
    latest.strikeouts,
    latest.walks,
    latest.hits,
    latest.earned_runs
  FROM latest
  JOIN starters ON starters.player_lookup = latest.player_lookup
  LEFT JOIN schedule ON schedule.game_pk = latest.game_pk
  WHERE latest.is_starter
    AND IFNULL(schedule.is_final, TRUE)
    AND IFNULL(SAFE_CAST(latest.innings_pitched AS FLOAT64), 1) >= 1
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY latest.player_lookup
    ORDER BY latest.game_date DESC, IFNULL(schedule.game_number, 1) DESC, latest.game_pk DESC
  ) <= 12
  ORDER BY
    latest.player_lookup,
    latest.game_date DESC,
    IFNULL(schedule.game_number, 1) DESC,
    latest.game_pk DESC`;

const opponentForms = `
  WITH ${games},
  latest AS (
    SELECT game_pk, game_date, team_abbr, strikeouts, at_bats
    FROM mlb_raw.mlbapi_batter_stats
    WHERE game_date BETWEEN @since AND @date
    QUALIFY ROW_NUMBER() OVER (PARTITION BY game_pk, player_lookup ORDER BY processed_at DESC) = 1
  ),
  batted AS (
    SELECT game_pk, team_abbr, SUM(strikeouts) AS strikeouts, SUM(at_bats) AS at_bats
    FROM latest
    GROUP BY game_pk, team_abbr
  ),
  teams AS (
    SELECT game_pk, game_date, game_number, home_team_abbr AS team_abbr FROM schedule WHERE is_final
    UNION ALL
    SELECT game_pk, game_date, game_number, away_team_abbr AS team_abbr FROM schedule WHERE is_final
  ),
  played AS (
    SELECT teams.game_pk, teams.game_date, teams.game_number, teams.team_abbr, batted.strikeouts, batted.at_bats
    FROM teams
    LEFT JOIN batted ON batted.game_pk = teams.game_pk AND batted.team_abbr = teams.team_abbr
    WHERE batted.at_bats > 0 OR teams.game_date = @date
  ),
  form AS (
    SELECT
      game_pk,
      game_date,
      team_abbr,
      SUM(strikeouts) OVER (PARTITION BY team_abbr ORDER BY game_date, game_number, game_pk ROWS BETWEEN 15 PRECEDING AND 1 PRECEDING) AS strikeouts_last_15,
      SUM(at_bats) OVER (PARTITION BY team_abbr ORDER BY game_date, game_number, game_pk ROWS BETWEEN 15 PRECEDING AND 1 PRECEDING) AS at_bats_last_15
    FROM played
  )
  SELECT game_pk, team_abbr, strikeouts_last_15, at_bats_last_15 FROM form WHERE game_date = @date`;

const wantedGames = `
  WITH ${games},
  wanted AS (SELECT COUNT(*) AS games_wanted FROM schedule WHERE game_date = @date AND is_final),
  sources AS (${pitcherSources.sql})
  SELECT wanted.games_wanted, sources.* FROM wanted CROSS JOIN sources`;
