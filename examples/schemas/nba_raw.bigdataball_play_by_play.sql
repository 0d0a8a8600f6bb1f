-- Shots, one row each: team is the shooter's, shot_type 2PT, 3PT or FT, shot_distance in feet, block who blocked it.
CREATE TABLE IF NOT EXISTS nba_raw.bigdataball_play_by_play (
  game_id STRING NOT NULL,
  nba_game_id STRING,
  game_date DATE NOT NULL,
  event_sequence INT64 NOT NULL,
  period INT64,
  event_type STRING,
  team STRING,
  home_team_abbr STRING,
  away_team_abbr STRING,
  player_lookup STRING,
  shot_type STRING,
  shot_distance NUMERIC,
  shot_made BOOL,
  block STRING,
  processed_at TIMESTAMP
)
PARTITION BY game_date
CLUSTER BY game_id, team
