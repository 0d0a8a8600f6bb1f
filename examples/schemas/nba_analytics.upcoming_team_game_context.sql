-- What is known of a team before its game. game_spread is the team's own: below zero it is the favourite. Counts of the injury report are null while there is no report for the date.
CREATE TABLE IF NOT EXISTS nba_analytics.upcoming_team_game_context (
  game_date DATE NOT NULL,
  team_abbr STRING NOT NULL,
  game_id STRING,
  opponent_team_abbr STRING,
  home_game BOOL,
  days_rest INT64,
  back_to_back BOOL,
  days_until_next_game INT64,
  games_in_last_7_days INT64,
  games_in_last_14_days INT64,
  game_spread NUMERIC,
  game_total NUMERIC,
  players_out INT64,
  players_questionable INT64,
  win_streak INT64,
  last_margin INT64,
  data_hash STRING,
  processed_at TIMESTAMP,
  source_nbac_schedule_last_updated TIMESTAMP,
  source_nbac_schedule_rows_found INT64,
  source_odds_api_game_lines_last_updated TIMESTAMP,
  source_odds_api_game_lines_rows_found INT64,
  source_nbac_injury_report_last_updated TIMESTAMP,
  source_nbac_injury_report_rows_found INT64,
  quality_tier STRING,
  quality_score FLOAT64,
  is_production_ready BOOL
)
PARTITION BY game_date
CLUSTER BY team_abbr
