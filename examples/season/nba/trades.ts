import { addDays } from '../days.ts';
import { between, type Random, shuffled, stream } from '../random.ts';
import { teams } from './teams.ts';

/** Two players of the same place in the order who change teams. From `date` on they play for the other's. */
export interface Trade {
  readonly date: string;
  readonly depth: number;
  /** Places in the list of teams. */
  readonly teams: readonly [number, number];
}

/** Nine trades between December and the deadline, more of them in the last week; no team makes two. */
export function trades(seed: number, startDate: string): Trade[] {
  const random = stream(seed, 'nba trades');
  const order = shuffled(
    random,
    teams.map((_, index) => index),
  );
  return Array.from({ length: 9 }, (_, index) => ({
    date: addDays(startDate, dayOf(index, random)),
    depth: between(random, 1, 11),
    teams: [order[index * 2]!, order[index * 2 + 1]!] as const,
  })).sort((a, b) => (a.date < b.date ? -1 : 1));
}

function dayOf(index: number, random: Random): number {
  return index < 4 ? between(random, 56, 98) : between(random, 99, 107);
}
