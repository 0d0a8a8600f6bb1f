import { inventNames } from '../names.ts';
import { chance, normal, type Random, stream } from '../random.ts';
import { teams } from './teams.ts';

/** An invented player. What he does is a weight among the five on the floor, or a share of his attempts. */
export interface Player {
  readonly name: string;
  readonly lookup: string;
  readonly position: 'G' | 'F' | 'C';
  /** His place in his team's order: 0 to 4 start. */
  readonly depth: number;
  readonly shooting: number;
  readonly threeShare: number;
  readonly threeAccuracy: number;
  readonly twoAccuracy: number;
  readonly freeThrowAccuracy: number;
  readonly drawsFouls: number;
  readonly passing: number;
  readonly offensiveRebounding: number;
  readonly defensiveRebounding: number;
  readonly stealing: number;
  readonly blocking: number;
  readonly fouling: number;
}

export const rosterSize = 15;

/** Every team's players, in their order, as the season begins. */
export function rosters(seed: number): Player[][] {
  const names = inventNames(stream(seed, 'nba names'), teams.length * rosterSize);
  return teams.map((team, index) =>
    Array.from({ length: rosterSize }, (_, depth) => {
      const random = stream(seed, 'nba player', team.abbr, depth);
      return { ...names[index * rosterSize + depth]!, ...talent(random, depth) };
    }),
  );
}

const positions = [...'GFFCGGFCGFFGCGF'] as readonly Player['position'][];
const shooting = [1.62, 1.3, 1.06, 0.86, 0.76, 0.95, 0.88, 0.8, 0.74, 0.72, 0.7, 0.7, 0.68, 0.66, 0.66];

// Guards pass and shoot threes, centres rebound, block and shoot near the basket.
const traits = {
  G: {
    threes: 0.48,
    pass: 1.6,
    offensive: 0.45,
    defensive: 0.75,
    steal: 1.2,
    block: 0.4,
    free: 0.82,
    two: -0.01,
  },
  F: { threes: 0.45, pass: 0.8, offensive: 0.9, defensive: 1.05, steal: 1, block: 0.9, free: 0.78, two: 0 },
  C: {
    threes: 0.18,
    pass: 0.6,
    offensive: 2.3,
    defensive: 1.65,
    steal: 0.7,
    block: 2.6,
    free: 0.71,
    two: 0.05,
  },
};

function talent(random: Random, depth: number): Omit<Player, 'name' | 'lookup'> {
  const position = positions[depth]!;
  const trait = traits[position];
  const around = (mean: number, spread: number) => mean * Math.exp(normal(random, 0, spread));
  const within = (mean: number, deviation: number, low: number, high: number) =>
    Math.min(high, Math.max(low, normal(random, mean, deviation)));
  return {
    position,
    depth,
    shooting: around(shooting[depth]!, 0.14),
    threeShare: within(trait.threes, 0.13, 0.01, 0.8),
    threeAccuracy: within(0.362, 0.022, 0.29, 0.43),
    twoAccuracy: within(0.543 + trait.two, 0.025, 0.45, 0.66),
    freeThrowAccuracy: within(trait.free, 0.07, 0.5, 0.93),
    drawsFouls: around(1, 0.35) * (depth < 2 ? 1.25 : 1),
    passing: around(trait.pass, 0.3) * (depth < 2 ? 1.5 : 1),
    offensiveRebounding: around(trait.offensive, 0.25),
    defensiveRebounding: around(trait.defensive, 0.2),
    stealing: around(trait.steal, 0.25),
    blocking: around(trait.block, 0.35),
    fouling: around(1, 0.2) * (chance(random, 0.2) ? 1.2 : 1),
  };
}
