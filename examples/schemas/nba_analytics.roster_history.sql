-- What changed in the rosters from one day to the next. change_type is added, removed, team_change, status_change or jersey_change.
CREATE TABLE IF NOT EXISTS nba_analytics.roster_history (
  change_date DATE NOT NULL,
  player_lookup STRING NOT NULL,
  team_abbr STRING NOT NULL,
  change_type STRING NOT NULL,
  player_name STRING,
  previous_team_abbr STRING,
  previous_value STRING,
  new_value STRING,
  transaction_type STRING,
  transaction_description STRING,
  processed_at TIMESTAMP
)
PARTITION BY change_date
CLUSTER BY player_lookup, team_abbr
