-- Betting lines on a player's points: one row a bookmaker and snapshot.
CREATE TABLE IF NOT EXISTS nba_raw.odds_api_player_points_props (
  game_id STRING,
  game_date DATE NOT NULL,
  player_lookup STRING NOT NULL,
  player_name STRING,
  bookmaker STRING,
  points_line NUMERIC,
  processed_at TIMESTAMP
)
PARTITION BY game_date
CLUSTER BY player_lookup, bookmaker
