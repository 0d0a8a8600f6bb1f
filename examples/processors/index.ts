import type { Context, DateRange, ProcessorDefinition, RunBase } from 'breakwater';
import { MlbBatterGameSummary } from './mlb/batter-game-summary.ts';
import { MlbPitcherGameSummary } from './mlb/pitcher-game-summary.ts';
import { AsyncUpcomingPlayerGameContext } from './nba/async-upcoming-player-game-context.ts';
import { DefenseZoneAnalytics } from './nba/defense-zone-analytics.ts';
import { PlayerGameSummary } from './nba/player-game-summary.ts';
import { RosterHistory } from './nba/roster-history.ts';
import { TeamDefenseGameSummary } from './nba/team-defense-game-summary.ts';
import { TeamOffenseGameSummary } from './nba/team-offense-game-summary.ts';
import { UpcomingPlayerGameContext } from './nba/upcoming-player-game-context.ts';
import { UpcomingTeamGameContext } from './nba/upcoming-team-game-context.ts';

/** A processor's class, as the examples use it. */
export interface ExampleProcessor {
  new (context: Context): RunBase<DateRange>;
  readonly processor: ProcessorDefinition;
  /** The raw tables without which it has nothing to do; of alternatives one is enough. */
  readonly requiredTables: readonly (readonly string[])[];
}

/** One for each output: the async twin does the same work as its sync one, so a dispatcher takes one of the two. */
export const processors: readonly ExampleProcessor[] = [
  TeamOffenseGameSummary,
  TeamDefenseGameSummary,
  PlayerGameSummary,
  DefenseZoneAnalytics,
  UpcomingTeamGameContext,
  UpcomingPlayerGameContext,
  RosterHistory,
  MlbBatterGameSummary,
  MlbPitcherGameSummary,
];

/** The ten, with the twin. */
export const allProcessors: readonly ExampleProcessor[] = [...processors, AsyncUpcomingPlayerGameContext];

export {
  AsyncUpcomingPlayerGameContext,
  DefenseZoneAnalytics,
  MlbBatterGameSummary,
  MlbPitcherGameSummary,
  PlayerGameSummary,
  RosterHistory,
  TeamDefenseGameSummary,
  TeamOffenseGameSummary,
  UpcomingPlayerGameContext,
  UpcomingTeamGameContext,
};
