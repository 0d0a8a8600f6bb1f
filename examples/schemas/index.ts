import { readFileSync } from 'node:fs';
import type { BigQueryClient } from 'breakwater';

/** The tables that the examples read and write, each defined in the file of its name beside this one. */
export const tables = [
  'nba_raw.nbac_schedule',
  'nba_raw.nbac_team_boxscore',
  'nba_raw.nbac_player_boxscores',
  'nba_raw.nbac_gamebook_player_stats',
  'nba_raw.nbac_player_movement',
  'nba_raw.nbac_injury_report',
  'nba_raw.bigdataball_play_by_play',
  'nba_raw.espn_team_rosters',
  'nba_raw.odds_api_player_points_props',
  'nba_raw.odds_api_game_lines',
  'nba_analytics.team_offense_game_summary',
  'nba_analytics.team_defense_game_summary',
  'nba_analytics.player_game_summary',
  'nba_analytics.defense_zone_analytics',
  'nba_analytics.upcoming_team_game_context',
  'nba_analytics.upcoming_player_game_context',
  'nba_analytics.roster_history',
  'nba_predictions.player_features',
  'nba_predictions.player_points_predictions',
  'mlb_raw.mlb_schedule',
  'mlb_raw.mlbapi_batter_stats',
  'mlb_raw.bdl_batter_stats',
  'mlb_raw.mlbapi_pitcher_stats',
  'mlb_analytics.batter_game_summary',
  'mlb_analytics.pitcher_game_summary',
] as const;

export type Table = (typeof tables)[number];

/** The table's definition, as BigQuery takes it. */
export function definitionOf(table: Table): string {
  return readFileSync(new URL(`./${table}.sql`, import.meta.url), 'utf8');
}

/** The column that the table is partitioned by: its rows' day. */
export function dateColumnOf(table: Table): string {
  return /^PARTITION BY (\w+)$/m.exec(definitionOf(table))![1]!;
}

/**
 * Creates the datasets and tables that are not there yet.
 *
 * @param options.only Which tables. Default: all.
 */
export async function createTables(
  bigquery: BigQueryClient,
  options: { readonly only?: readonly Table[] | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { only = tables, signal } = options;
  const datasets = new Set(only.map((table) => table.split('.')[0]!));
  for (const dataset of datasets) await bigquery.query(`CREATE SCHEMA IF NOT EXISTS ${dataset}`, { signal });
  for (const table of only) await bigquery.query(definitionOf(table), { signal });
}
