import type { Table } from '../../season.ts';
import type { NbaLeague } from '../league.ts';
import { gameLines } from './game-lines.ts';
import { gamebookPlayerStats } from './gamebook-player-stats.ts';
import { injuryReport } from './injury-report.ts';
import { playByPlay } from './play-by-play.ts';
import { playerBoxscores } from './player-boxscores.ts';
import { playerMovement } from './player-movement.ts';
import { playerPointsProps } from './player-points-props.ts';
import { schedule } from './schedule.ts';
import { teamBoxscore } from './team-boxscore.ts';
import { teamRosters } from './team-rosters.ts';

export const nbaTables: readonly Table<NbaLeague>[] = [
  schedule,
  teamBoxscore,
  playerBoxscores,
  gamebookPlayerStats,
  playByPlay,
  playerPointsProps,
  gameLines,
  injuryReport,
  teamRosters,
  playerMovement,
];
