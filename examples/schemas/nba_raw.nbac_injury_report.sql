-- The league's injury report, several times a day: injury_status is out, doubtful, questionable, probable or available.
CREATE TABLE IF NOT EXISTS nba_raw.nbac_injury_report (
  report_date DATE,
  report_hour INT64,
  game_date DATE NOT NULL,
  game_id STRING,
  team STRING,
  player_lookup STRING NOT NULL,
  player_name STRING,
  injury_status STRING,
  reason STRING,
  processed_at TIMESTAMP
)
PARTITION BY game_date
CLUSTER BY team, player_lookup
