import { inventNames } from '../names.ts';
import { between, chance, normal, type Random, stream } from '../random.ts';
import { teams } from './teams.ts';

/** An invented player; his rates are factors of the league's. */
export interface Player {
  readonly name: string;
  readonly lookup: string;
  readonly strikeouts: number;
  readonly walks: number;
  readonly hits: number;
  readonly homeRuns: number;
  /** First and last day of the season, from 0, of each stay on the injured list. */
  readonly injured: readonly (readonly [number, number])[];
}

export interface Roster {
  /** Nine who bat as a rule, in their order, then the bench. */
  readonly batters: readonly Player[];
  /** Five starters in turn. */
  readonly starters: readonly Player[];
  readonly relievers: readonly Player[];
}

const sizes = { batters: 14, starters: 6, relievers: 8 };
const rosterSize = sizes.batters + sizes.starters + sizes.relievers;

export function rosters(seed: number, days: number): Roster[] {
  const names = inventNames(stream(seed, 'mlb names'), teams.length * rosterSize);
  return teams.map(({ abbr }, index) => {
    const players = names.slice(index * rosterSize, (index + 1) * rosterSize).map((name, place) => {
      const random = stream(seed, 'mlb player', abbr, place);
      return {
        ...name,
        ...(place < sizes.batters ? batter(random, place) : pitcher(random)),
        injured: injuries(random, days),
      };
    });
    const pitchers = players.slice(sizes.batters);
    return {
      batters: players.slice(0, sizes.batters),
      starters: pitchers.slice(0, sizes.starters),
      relievers: pitchers.slice(sizes.starters),
    };
  });
}

export function isInjured({ injured }: Player, day: number): boolean {
  return injured.some(([from, to]) => from <= day && day <= to);
}

// The second to the fifth hit for power, and the bench hits least.
const power = [0.9, 1.25, 1.4, 1.35, 1.1, 1, 0.85, 0.75, 0.6];

function batter(random: Random, place: number) {
  return {
    strikeouts: factor(random, 0.22),
    walks: factor(random, 0.25) * (place < 5 ? 1.1 : 0.95),
    hits: factor(random, 0.07) * (place < 9 ? 1.01 : 0.92),
    homeRuns: factor(random, 0.3) * (power[place] ?? 0.7),
  };
}

function pitcher(random: Random) {
  return {
    strikeouts: factor(random, 0.16),
    walks: factor(random, 0.2),
    hits: factor(random, 0.06),
    homeRuns: factor(random, 0.15),
  };
}

function factor(random: Random, spread: number): number {
  return Math.exp(normal(random, -(spread ** 2) / 2, spread));
}

function injuries(random: Random, days: number): [number, number][] {
  const stays: [number, number][] = [];
  for (let day = between(random, 0, 250); day < days; day += between(random, 60, 250)) {
    const stay = chance(random, 0.7) ? between(random, 10, 25) : between(random, 26, 90);
    stays.push([day, day + stay - 1]);
    day += stay;
  }
  return stays;
}
