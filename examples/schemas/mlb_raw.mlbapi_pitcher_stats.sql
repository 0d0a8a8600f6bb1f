-- Pitchers' box scores from the league's own API. innings_pitched is baseball's: 6.1 is six innings and one out.
CREATE TABLE IF NOT EXISTS mlb_raw.mlbapi_pitcher_stats (
  game_pk INT64 NOT NULL,
  game_date DATE NOT NULL,
  player_lookup STRING NOT NULL,
  player_name STRING,
  team_abbr STRING,
  opponent_abbr STRING,
  home_away STRING,
  is_starter BOOL,
  innings_pitched STRING,
  pitch_count INT64,
  strikeouts INT64,
  walks INT64,
  hits INT64,
  home_runs INT64,
  runs INT64,
  earned_runs INT64,
  processed_at TIMESTAMP
)
PARTITION BY game_date
CLUSTER BY player_lookup, game_pk
