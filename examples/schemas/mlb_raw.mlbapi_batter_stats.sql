-- Batters' box scores from the league's own API, written once a game is final.
CREATE TABLE IF NOT EXISTS mlb_raw.mlbapi_batter_stats (
  game_pk INT64 NOT NULL,
  game_date DATE NOT NULL,
  player_lookup STRING NOT NULL,
  player_name STRING,
  team_abbr STRING,
  opponent_abbr STRING,
  home_away STRING,
  batting_order INT64,
  strikeouts INT64,
  at_bats INT64,
  hits INT64,
  walks INT64,
  home_runs INT64,
  rbis INT64,
  runs INT64,
  processed_at TIMESTAMP
)
PARTITION BY game_date
CLUSTER BY player_lookup, game_pk
