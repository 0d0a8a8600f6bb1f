import { divide } from '../divide.ts';

// The formulas of basketball analytics, unrounded; null where there is nothing to divide by.

interface Shots {
  readonly points: number;
  readonly fieldGoalsAttempted: number;
  readonly freeThrowsAttempted: number;
}

interface Ball {
  readonly fieldGoalsAttempted: number;
  readonly freeThrowsAttempted: number;
  readonly turnovers: number;
}

/** Attempts to score: field goals, and the 44 % of free throws that end a possession. */
function attempts(shots: Pick<Shots, 'fieldGoalsAttempted' | 'freeThrowsAttempted'>): number {
  return shots.fieldGoalsAttempted + 0.44 * shots.freeThrowsAttempted;
}

/** Points for each attempt to score, on the scale of a field goal's percentage. */
export function trueShooting(shots: Shots): number | null {
  return divide(shots.points, 2 * attempts(shots));
}

/** Field goal percentage that gives a three-pointer its half point more. */
export function effectiveFieldGoals(shots: {
  readonly fieldGoalsMade: number;
  readonly threePointersMade: number;
  readonly fieldGoalsAttempted: number;
}): number | null {
  return divide(shots.fieldGoalsMade + 0.5 * shots.threePointersMade, shots.fieldGoalsAttempted);
}

/** A team's possessions in a game, estimated from its box score. */
export function possessions(ball: Ball & { readonly offensiveRebounds: number }): number {
  return attempts(ball) + ball.turnovers - ball.offensiveRebounds;
}

/** Points for 100 possessions. */
export function rating(points: number, possessions: number): number | null {
  return divide(100 * points, possessions);
}

/** Overtime periods, from the minutes that five players were on the floor: 240, and 25 more for each. */
export function overtimes(teamMinutes: number): number {
  // A gamebook's minutes are rounded to seconds player by player, so their sum is a little off.
  return Math.max(0, Math.round((teamMinutes - 240) / 25));
}

/** Possessions in 48 minutes. */
export function pace(possessions: number, overtimes: number): number {
  return (possessions * 48) / (48 + 5 * overtimes);
}

/** The share of a team's possessions that a player used while he was on the floor, in per cent; null above 100. */
export function usageRate(ball: Ball, minutes: number | null, teamPossessions: number | null): number | null {
  if (minutes === null || teamPossessions === null) return null;
  const usage = divide(100 * (attempts(ball) + ball.turnovers) * 48, minutes * teamPossessions);
  return usage === null || usage > 100 ? null : usage;
}
