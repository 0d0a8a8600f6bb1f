-- Betting lines on games, one row an outcome and snapshot. market_key is h2h, spreads or totals; outcome_name a team or Over / Under.
CREATE TABLE IF NOT EXISTS nba_raw.odds_api_game_lines (
  snapshot_timestamp TIMESTAMP,
  game_id STRING,
  game_date DATE NOT NULL,
  home_team STRING,
  away_team STRING,
  home_team_abbr STRING,
  away_team_abbr STRING,
  bookmaker_key STRING,
  market_key STRING,
  outcome_name STRING,
  outcome_point NUMERIC,
  processed_at TIMESTAMP
)
PARTITION BY game_date
CLUSTER BY game_id, bookmaker_key, market_key
