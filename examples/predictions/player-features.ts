import {
  type AnalysisDate,
  defineProcessor,
  PrecomputeProcessorBase,
  quality,
  type Run,
  sourceColumns,
} from 'breakwater';
import { outputOf } from 'breakwater/upstream';
import { z } from 'zod';
import { addDays } from '../dates.ts';
import { UpcomingPlayerGameContext } from '../processors/index.ts';
import { outputRow } from '../processors/output-row.ts';
import { type Features, features } from './features.ts';

const sources = sourceColumns(['nba_analytics.upcoming_player_game_context'], {
  newest: {
    'nba_analytics.upcoming_player_game_context': ['source_odds_api_player_points_props_last_updated'],
  },
});

/** What the prediction systems are told of each player of a date who has a past to go by. */
export class PlayerFeatures extends PrecomputeProcessorBase<readonly FeatureInput[], PlayerFeatureRow> {
  static readonly processor = defineProcessor({
    name: 'PlayerFeaturesProcessor',
    sport: 'nba',
    timeout: '10m',
    output: 'nba_predictions.player_features',
    partition: 'game_date',
    key: ['game_date', 'player_lookup'],
  });

  upstream({ analysisDate }: AnalysisDate) {
    return [
      outputOf(UpcomingPlayerGameContext)
        .forDates({ startDate: analysisDate, endDate: analysisDate })
        .atLeast(20),
    ];
  }

  protected extract(run: Run<AnalysisDate>) {
    return run.bigquery.query(featureInputs, {
      params: { date: run.date, first: addDays(run.date, -30), last: addDays(run.date, -1) },
      types: { date: 'DATE', first: 'DATE', last: 'DATE' },
      schema: z.intersection(features, sources.schema),
    });
  }

  protected transform(inputs: readonly FeatureInput[], run: Run<AnalysisDate>) {
    return inputs.map((input) => featureRow(input, run.clock.wallNow()));
  }
}

type FeatureInput = Features & z.infer<typeof sources.schema>;
type PlayerFeatureRow = ReturnType<typeof featureRow>;

function featureRow(input: FeatureInput, processedAt: number) {
  return outputRow(features.parse(input), {
    sources: sources.pick(input),
    quality: quality({ sources: [] }),
    processedAt,
  });
}

// Points a shot that a defence allowed in the month before, zone by zone, against the league's. Who has not played lately, or is
// out, is left to nobody's guess.
const featureInputs = `
  WITH allowed AS (
    SELECT
      team_abbr,
      SUM(three_pt_attempts_allowed + rim_attempts_allowed + paint_attempts_allowed + mid_range_attempts_allowed) AS shots,
      SUM(3 * three_pt_makes_allowed + 2 * (rim_makes_allowed + paint_makes_allowed + mid_range_makes_allowed)) AS points
    FROM nba_analytics.defense_zone_analytics
    WHERE game_date BETWEEN @first AND @last
    GROUP BY team_abbr
  ),
  league AS (SELECT SUM(points) AS points, SUM(shots) AS shots FROM allowed),
  lately AS (
    SELECT player_lookup, minutes_played
    FROM nba_analytics.player_game_summary
    WHERE game_date BETWEEN @first AND @last AND is_active
    QUALIFY ROW_NUMBER() OVER (PARTITION BY player_lookup ORDER BY game_date DESC) <= 10
  ),
  minutes AS (
    SELECT player_lookup, AVG(CAST(minutes_played AS FLOAT64)) AS minutes_avg_last_10 FROM lately GROUP BY player_lookup
  ),
  sources AS (${sources.sql})
  SELECT
    players.game_date,
    players.player_lookup,
    players.team_abbr,
    players.opponent_team_abbr,
    players.home_game,
    players.points_avg_last_5,
    players.points_avg_last_10,
    minutes.minutes_avg_last_10,
    IFNULL(players.avg_usage_rate_last_7_games, 0) AS usage_avg_last_7,
    players.days_rest,
    IFNULL(CAST(players.game_spread AS FLOAT64), 0) AS game_spread,
    IFNULL(CAST(players.game_total AS FLOAT64), 228) AS game_total,
    IFNULL(SAFE_DIVIDE(allowed.points * league.shots, allowed.shots * league.points), 1) AS opponent_zone_index,
    players.current_points_line AS points_line,
    sources.*
  FROM nba_analytics.upcoming_player_game_context AS players
  JOIN minutes ON minutes.player_lookup = players.player_lookup
  LEFT JOIN allowed ON allowed.team_abbr = players.opponent_team_abbr
  CROSS JOIN league
  CROSS JOIN sources
  WHERE players.game_date = @date
    AND players.points_avg_last_10 IS NOT NULL
    AND players.days_rest IS NOT NULL
    AND IFNULL(players.injury_status, '') != 'out'
  ORDER BY players.player_lookup`;
