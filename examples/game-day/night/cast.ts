import {
  type ExampleProcessor,
  MlbBatterGameSummary,
  PlayerGameSummary,
  TeamDefenseGameSummary,
  TeamOffenseGameSummary,
} from '../../processors/index.ts';

/** The processors of the night. */
export const cast: readonly ExampleProcessor[] = [
  TeamOffenseGameSummary,
  TeamDefenseGameSummary,
  PlayerGameSummary,
  MlbBatterGameSummary,
];

/** The tables that they read, by sport. */
export const stage = {
  nba: [
    'nba_raw.nbac_schedule',
    'nba_raw.nbac_team_boxscore',
    'nba_raw.nbac_player_boxscores',
    'nba_raw.nbac_gamebook_player_stats',
    'nba_raw.odds_api_player_points_props',
  ],
  mlb: ['mlb_raw.mlb_schedule', 'mlb_raw.mlbapi_batter_stats', 'mlb_raw.bdl_batter_stats'],
} as const;
