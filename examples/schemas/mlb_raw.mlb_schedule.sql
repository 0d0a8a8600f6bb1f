-- The league's schedule: one row a game; both games of a doubleheader share the date and differ in game_number.
CREATE TABLE IF NOT EXISTS mlb_raw.mlb_schedule (
  game_pk INT64 NOT NULL,
  game_date DATE NOT NULL,
  status_detailed STRING,
  game_number INT64,
  home_team_abbr STRING,
  away_team_abbr STRING,
  processed_at TIMESTAMP
)
PARTITION BY game_date
CLUSTER BY game_pk
