-- The league's transactions: signings, waivers, trades.
CREATE TABLE IF NOT EXISTS nba_raw.nbac_player_movement (
  transaction_type STRING,
  transaction_date DATE NOT NULL,
  transaction_description STRING,
  team_id INT64,
  player_slug STRING
)
PARTITION BY transaction_date
CLUSTER BY player_slug
