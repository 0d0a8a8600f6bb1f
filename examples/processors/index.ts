import type { Context, DateRange, ProcessorDefinition, RunBase } from 'breakwater';
import { MlbBatterGameSummary } from './mlb/batter-game-summary.ts';
import { PlayerGameSummary } from './nba/player-game-summary.ts';
import { TeamDefenseGameSummary } from './nba/team-defense-game-summary.ts';
import { TeamOffenseGameSummary } from './nba/team-offense-game-summary.ts';

/** A processor's class, as the examples use it. */
export interface ExampleProcessor {
  new (context: Context): RunBase<DateRange>;
  readonly processor: ProcessorDefinition;
  /** The raw tables without which it has nothing to do; of alternatives one is enough. */
  readonly requiredTables: readonly (readonly string[])[];
}

export const processors: readonly ExampleProcessor[] = [
  TeamOffenseGameSummary,
  TeamDefenseGameSummary,
  PlayerGameSummary,
  MlbBatterGameSummary,
];

export { MlbBatterGameSummary, PlayerGameSummary, TeamDefenseGameSummary, TeamOffenseGameSummary };
