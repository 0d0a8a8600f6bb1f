-- Where a team's opponent shot from, and what went in. rim_protection is the share of attempts at the rim that were blocked.
CREATE TABLE IF NOT EXISTS nba_analytics.defense_zone_analytics (
  game_date DATE NOT NULL,
  team_abbr STRING NOT NULL,
  game_id STRING,
  opponent_team_abbr STRING,
  home_game BOOL,
  three_pt_attempts_allowed INT64,
  three_pt_makes_allowed INT64,
  three_pt_pct_allowed FLOAT64,
  rim_attempts_allowed INT64,
  rim_makes_allowed INT64,
  rim_pct_allowed FLOAT64,
  paint_attempts_allowed INT64,
  paint_makes_allowed INT64,
  paint_pct_allowed FLOAT64,
  mid_range_attempts_allowed INT64,
  mid_range_makes_allowed INT64,
  mid_range_pct_allowed FLOAT64,
  rim_blocks INT64,
  rim_protection FLOAT64,
  data_hash STRING,
  processed_at TIMESTAMP,
  source_nbac_schedule_last_updated TIMESTAMP,
  source_nbac_schedule_rows_found INT64,
  source_bigdataball_play_by_play_last_updated TIMESTAMP,
  source_bigdataball_play_by_play_rows_found INT64,
  quality_tier STRING,
  quality_score FLOAT64,
  is_production_ready BOOL
)
PARTITION BY game_date
CLUSTER BY team_abbr
