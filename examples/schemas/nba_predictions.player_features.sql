-- What the prediction systems are told of a player before his game. opponent_zone_index is 1 for a defence like the league's.
CREATE TABLE IF NOT EXISTS nba_predictions.player_features (
  game_date DATE NOT NULL,
  player_lookup STRING NOT NULL,
  team_abbr STRING,
  opponent_team_abbr STRING,
  home_game BOOL,
  points_avg_last_5 FLOAT64,
  points_avg_last_10 FLOAT64,
  minutes_avg_last_10 FLOAT64,
  usage_avg_last_7 FLOAT64,
  days_rest INT64,
  game_spread FLOAT64,
  game_total FLOAT64,
  opponent_zone_index FLOAT64,
  points_line NUMERIC,
  data_hash STRING,
  processed_at TIMESTAMP,
  source_upcoming_player_game_context_last_updated TIMESTAMP,
  source_upcoming_player_game_context_rows_found INT64,
  quality_tier STRING,
  quality_score FLOAT64,
  is_production_ready BOOL
)
PARTITION BY game_date
CLUSTER BY player_lookup
