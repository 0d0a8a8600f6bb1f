-- A system's prediction of a player's points. members are those of which it is made, missing_systems those that gave none.
CREATE TABLE IF NOT EXISTS nba_predictions.player_points_predictions (
  game_date DATE NOT NULL,
  player_lookup STRING NOT NULL,
  system_id STRING NOT NULL,
  predicted_points FLOAT64,
  points_line NUMERIC,
  members STRING,
  missing_systems STRING,
  is_degraded BOOL,
  data_hash STRING,
  processed_at TIMESTAMP,
  quality_tier STRING,
  quality_score FLOAT64,
  is_production_ready BOOL
)
PARTITION BY game_date
CLUSTER BY system_id, player_lookup
