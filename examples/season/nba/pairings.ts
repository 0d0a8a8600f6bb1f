import { teams } from './teams.ts';

export interface Pairing {
  /** Places in the list of teams. */
  readonly home: number;
  readonly away: number;
}

/**
 * The 1,230 games by the league's rule: 4 against each team of the division, 4 or 3 against the others of the conference, 2
 * against the other conference; 41 of a team's 82 at home.
 */
export function pairings(): Pairing[] {
  const games: Pairing[] = [];
  for (let one = 0; one < teams.length; one++) {
    for (let other = one + 1; other < teams.length; other++) {
      const [atOne, atOther] = homeGames(one, other);
      for (let game = 0; game < atOne; game++) games.push({ home: one, away: other });
      for (let game = 0; game < atOther; game++) games.push({ home: other, away: one });
    }
  }
  return games;
}

/** How often the two meet at the one's and at the other's. */
function homeGames(one: number, other: number): readonly [number, number] {
  const [division, otherDivision] = [teams[one]!.division, teams[other]!.division];
  if (division < 3 !== otherDivision < 3) return [1, 1];
  if (division === otherDivision) return [2, 2];
  // Of two divisions, each team meets two of the other's five only three times, one of these twice at home.
  const distance = (other - one + 30) % 5;
  if (distance === 0) return [2, 1];
  if (distance === 1) return [1, 2];
  return [2, 2];
}
