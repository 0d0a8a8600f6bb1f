import type { BigQueryClient } from 'breakwater';
import { z } from 'zod';

/** What a basketball person would look at first, and a baseball person. */
export interface Highlights {
  readonly scorers: readonly z.infer<typeof scorer>[];
  readonly attacks: readonly z.infer<typeof attack>[];
  readonly batters: readonly z.infer<typeof batter>[];
}

/** A few rows of the outputs, read back. */
export async function highlights(bigquery: BigQueryClient, date: string): Promise<Highlights> {
  const read = <Row>(sql: string, schema: z.ZodType<Row>) =>
    bigquery.query(sql, { params: { date }, types: { date: 'DATE' }, schema });
  return {
    scorers: await read(scorers, scorer),
    attacks: await read(attacks, attack),
    batters: await read(batters, batter),
  };
}

const scorer = z.object({
  player_name: z.string(),
  team_abbr: z.string(),
  opponent_team_abbr: z.string(),
  points: z.int(),
  assists: z.int(),
  minutes_played: z.number(),
  ts_pct: z.number().nullable(),
  usage_rate: z.number().nullable(),
  points_line: z.number().nullable(),
  over_under_result: z.string().nullable(),
});
const attack = z.object({
  team_abbr: z.string(),
  opponent_team_abbr: z.string(),
  points_scored: z.int(),
  points_allowed: z.int(),
  possessions: z.number(),
  pace: z.number(),
  offensive_rating: z.number(),
  defensive_rating: z.number(),
});
const batter = z.object({
  player_name: z.string(),
  team_abbr: z.string(),
  opponent_abbr: z.string(),
  hits: z.int(),
  at_bats: z.int(),
  home_runs: z.int(),
  rbis: z.int(),
  season_batting_avg: z.number().nullable(),
  k_rate_last_10: z.number().nullable(),
});

const scorers = `
  SELECT player_name, team_abbr, opponent_team_abbr, points, assists, minutes_played, ts_pct, usage_rate, points_line,
    over_under_result
  FROM nba_analytics.player_game_summary
  WHERE game_date = @date AND points IS NOT NULL
  ORDER BY points DESC, player_lookup
  LIMIT 5`;

const attacks = `
  SELECT offense.team_abbr, offense.opponent_team_abbr, offense.points_scored, defense.points_allowed,
    offense.possessions, offense.pace, offense.offensive_rating, defense.defensive_rating
  FROM nba_analytics.team_offense_game_summary AS offense
  JOIN nba_analytics.team_defense_game_summary AS defense
    ON defense.game_date = offense.game_date AND defense.defending_team_abbr = offense.team_abbr
  WHERE offense.game_date = @date
  ORDER BY offense.offensive_rating DESC, offense.team_abbr
  LIMIT 4`;

const batters = `
  SELECT player_name, team_abbr, opponent_abbr, hits, at_bats, home_runs, rbis, season_batting_avg, k_rate_last_10
  FROM mlb_analytics.batter_game_summary
  WHERE game_date = @date
  ORDER BY home_runs DESC, hits DESC, rbis DESC, player_lookup
  LIMIT 4`;
