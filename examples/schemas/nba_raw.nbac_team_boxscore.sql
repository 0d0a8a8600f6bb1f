-- Team box scores: two rows a game; a game that is read again gets new rows with a newer processed_at.
CREATE TABLE IF NOT EXISTS nba_raw.nbac_team_boxscore (
  game_id STRING NOT NULL,
  nba_game_id STRING,
  game_date DATE NOT NULL,
  team_abbr STRING NOT NULL,
  is_home BOOL,
  points INT64,
  minutes INT64,
  field_goals_made INT64,
  field_goals_attempted INT64,
  three_pointers_made INT64,
  three_pointers_attempted INT64,
  free_throws_made INT64,
  free_throws_attempted INT64,
  offensive_rebounds INT64,
  defensive_rebounds INT64,
  total_rebounds INT64,
  assists INT64,
  steals INT64,
  blocks INT64,
  turnovers INT64,
  personal_fouls INT64,
  plus_minus INT64,
  processed_at TIMESTAMP
)
PARTITION BY game_date
CLUSTER BY game_id, team_abbr
