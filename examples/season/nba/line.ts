import type { Player } from './players.ts';

/** What a player did in a game. It is counted up while the game is played. */
export interface Line {
  readonly player: Player;
  /** Whether he took the floor, if for no second. */
  played: boolean;
  seconds: number;
  twosMade: number;
  twosAttempted: number;
  threesMade: number;
  threesAttempted: number;
  freeThrowsMade: number;
  freeThrowsAttempted: number;
  offensiveRebounds: number;
  defensiveRebounds: number;
  assists: number;
  steals: number;
  blocks: number;
  turnovers: number;
  fouls: number;
  plusMinus: number;
}

export function emptyLine(player: Player): Line {
  return {
    player,
    played: false,
    seconds: 0,
    twosMade: 0,
    twosAttempted: 0,
    threesMade: 0,
    threesAttempted: 0,
    freeThrowsMade: 0,
    freeThrowsAttempted: 0,
    offensiveRebounds: 0,
    defensiveRebounds: 0,
    assists: 0,
    steals: 0,
    blocks: 0,
    turnovers: 0,
    fouls: 0,
    plusMinus: 0,
  };
}

export function points(line: Line): number {
  return 2 * line.twosMade + 3 * line.threesMade + line.freeThrowsMade;
}

/** The columns that player and team box scores share. */
export function boxColumns(line: Line) {
  return {
    points: points(line),
    field_goals_made: line.twosMade + line.threesMade,
    field_goals_attempted: line.twosAttempted + line.threesAttempted,
    three_pointers_made: line.threesMade,
    three_pointers_attempted: line.threesAttempted,
    free_throws_made: line.freeThrowsMade,
    free_throws_attempted: line.freeThrowsAttempted,
    offensive_rebounds: line.offensiveRebounds,
    defensive_rebounds: line.defensiveRebounds,
    total_rebounds: line.offensiveRebounds + line.defensiveRebounds,
    assists: line.assists,
    steals: line.steals,
    blocks: line.blocks,
    turnovers: line.turnovers,
    personal_fouls: line.fouls,
  };
}
