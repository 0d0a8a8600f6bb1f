-- A team's defence in one game: what its opponent did against it.
CREATE TABLE IF NOT EXISTS nba_analytics.team_defense_game_summary (
  game_date DATE NOT NULL,
  defending_team_abbr STRING NOT NULL,
  game_id STRING,
  opponent_team_abbr STRING,
  home_game BOOL,
  points_allowed INT64,
  opp_fg_attempts INT64,
  opp_three_pt_makes INT64,
  turnovers_forced INT64,
  defensive_rating FLOAT64,
  opponent_pace FLOAT64,
  opponent_ts_pct FLOAT64,
  steals INT64,
  blocks INT64,
  defensive_rebounds INT64,
  win_flag BOOL,
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
CLUSTER BY defending_team_abbr
