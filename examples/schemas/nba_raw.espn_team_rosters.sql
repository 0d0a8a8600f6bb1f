-- Every team's roster, read whole each day; of several readings of a day the one of the latest hour counts.
CREATE TABLE IF NOT EXISTS nba_raw.espn_team_rosters (
  roster_date DATE NOT NULL,
  scrape_hour INT64,
  team_abbr STRING NOT NULL,
  player_lookup STRING NOT NULL,
  player_full_name STRING,
  jersey_number STRING,
  position STRING,
  status STRING,
  processed_at TIMESTAMP
)
PARTITION BY roster_date
CLUSTER BY team_abbr, player_lookup
