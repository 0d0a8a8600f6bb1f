import type { Table } from '../../season.ts';
import type { MlbLeague } from '../league.ts';
import { bdlBatterStats, mlbapiBatterStats } from './batter-stats.ts';
import { mlbapiPitcherStats } from './pitcher-stats.ts';
import { schedule } from './schedule.ts';

export const mlbTables: readonly Table<MlbLeague>[] = [
  schedule,
  bdlBatterStats,
  mlbapiBatterStats,
  mlbapiPitcherStats,
];
