import type { Player } from './players.ts';

/** What a batter did in a game. */
export interface BatterLine {
  readonly player: Player;
  /** 1 to 9; a substitute has the place of whom he replaced. */
  readonly order: number;
  atBats: number;
  hits: number;
  walks: number;
  strikeouts: number;
  homeRuns: number;
  rbis: number;
  runs: number;
}

/** What a pitcher did in a game. */
export interface PitcherLine {
  readonly player: Player;
  readonly starter: boolean;
  outs: number;
  hits: number;
  walks: number;
  strikeouts: number;
  homeRuns: number;
  runs: number;
  earnedRuns: number;
  pitches: number;
}

export function batterLine(player: Player, order: number): BatterLine {
  return { player, order, atBats: 0, hits: 0, walks: 0, strikeouts: 0, homeRuns: 0, rbis: 0, runs: 0 };
}

export function pitcherLine(player: Player, starter: boolean): PitcherLine {
  return {
    player,
    starter,
    outs: 0,
    hits: 0,
    walks: 0,
    strikeouts: 0,
    homeRuns: 0,
    runs: 0,
    earnedRuns: 0,
    pitches: 0,
  };
}
