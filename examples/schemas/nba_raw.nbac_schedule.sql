-- The league's schedule: one row a game, updated as games are played. game_status: 1 scheduled, 2 live, 3 final.
CREATE TABLE IF NOT EXISTS nba_raw.nbac_schedule (
  game_id STRING NOT NULL,
  game_code STRING,
  season_year INT64,
  game_date DATE NOT NULL,
  game_date_est TIMESTAMP,
  game_status INT64,
  game_status_text STRING,
  home_team_tricode STRING,
  away_team_tricode STRING,
  home_team_score INT64,
  away_team_score INT64,
  winning_team_tricode STRING,
  is_regular_season BOOL,
  is_all_star BOOL,
  arena_name STRING,
  processed_at TIMESTAMP
)
PARTITION BY game_date
CLUSTER BY game_status, home_team_tricode, away_team_tricode
