import { addDays } from '../days.ts';
import { inventNames, type Name } from '../names.ts';
import { between, chance, stream } from '../random.ts';
import type { Player } from './players.ts';
import { teams } from './teams.ts';

/** A man signed for ten days as the sixteenth of a roster: he never dresses. */
export interface Signing extends Name {
  /** His place in the list of teams. */
  readonly team: number;
  readonly from: string;
  /** The day on which he is gone again. */
  readonly until: string;
}

const contract = 10;

/** Ten-day contracts from January on: every team makes one or two, one after the other. */
export function signings(
  seed: number,
  startDate: string,
  rosters: readonly (readonly Player[])[],
): Signing[] {
  const known = new Set(rosters.flat().map(({ lookup }) => lookup));
  const free = inventNames(stream(seed, 'nba free agents'), 2 * teams.length + 20).filter(
    ({ lookup }) => !known.has(lookup),
  );
  return teams.flatMap((_, team) => {
    const random = stream(seed, 'nba signings', team);
    const first = between(random, 76, 110);
    const days = chance(random, 0.5) ? [first, first + contract + between(random, 3, 30)] : [first];
    return days.map((day, index) => ({
      ...free[2 * team + index]!,
      team,
      from: addDays(startDate, day),
      until: addDays(startDate, day + contract),
    }));
  });
}
