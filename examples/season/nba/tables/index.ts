import type { Table } from '../../season.ts';
import type { NbaLeague } from '../league.ts';
import { gamebookPlayerStats } from './gamebook-player-stats.ts';
import { playerBoxscores } from './player-boxscores.ts';
import { playerPointsProps } from './player-points-props.ts';
import { schedule } from './schedule.ts';
import { teamBoxscore } from './team-boxscore.ts';

export const nbaTables: readonly Table<NbaLeague>[] = [
  schedule,
  teamBoxscore,
  playerBoxscores,
  gamebookPlayerStats,
  playerPointsProps,
];
