-- A team's attack in one game. Rates are unrounded and null where there is nothing to divide by.
CREATE TABLE IF NOT EXISTS nba_analytics.team_offense_game_summary (
  game_date DATE NOT NULL,
  team_abbr STRING NOT NULL,
  game_id STRING,
  opponent_team_abbr STRING,
  home_game BOOL,
  points_scored INT64,
  possessions FLOAT64,
  offensive_rating FLOAT64,
  pace FLOAT64,
  ts_pct FLOAT64,
  win_flag BOOL,
  margin_of_victory INT64,
  overtime_periods INT64,
  data_hash STRING,
  processed_at TIMESTAMP,
  source_nbac_schedule_last_updated TIMESTAMP,
  source_nbac_schedule_rows_found INT64,
  source_nbac_team_boxscore_last_updated TIMESTAMP,
  source_nbac_team_boxscore_rows_found INT64,
  source_nbac_gamebook_player_stats_last_updated TIMESTAMP,
  source_nbac_gamebook_player_stats_rows_found INT64,
  quality_tier STRING,
  quality_score FLOAT64,
  is_production_ready BOOL
)
PARTITION BY game_date
CLUSTER BY team_abbr
