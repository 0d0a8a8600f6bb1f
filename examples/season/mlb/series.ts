import { teams } from './teams.ts';

/** Some games in a row of the same two, at the same place. Teams are places in the list of teams. */
export interface Series {
  readonly home: number;
  readonly away: number;
  readonly games: 3 | 4;
}

/** Fifteen series at once: every team is in one of them. */
export type Round = readonly Series[];

/**
 * The 52 rounds that make the league's 2,430 games: 13 against each team of the division, 7 or 6 against the others of the own
 * league, 6 against the rival and 3 against each other team of the other league; 81 of a team's 162 at home.
 *
 * A league has fifteen teams, so in each round of a round robin (by the circle method) one of each league is over, and these
 * two meet. `early` rounds are for the first half of a week, where four games have room.
 */
export function rounds(): { readonly early: readonly Round[]; readonly late: readonly Round[] } {
  const between = (shift: number, nationalHost: boolean) => (team: number) =>
    hosted(team, 15 + ((team + shift) % 15), nationalHost);
  const meeting = (shift: number) => (team: number) => between(shift, shift > 7)(team);
  const full = [2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14].map((shift) => leagueOf(0).map(meeting(shift)));
  return {
    early: [
      ...times(15, (round) => [...circle(round, first), meeting(1)(round)]),
      ...times(5, (round) => [...divisionCircles(round, long), ...byes(round).map(between(0, false))]),
      ...full.filter((_, index) => index % 2 === 0),
    ],
    late: [
      ...times(15, (round) => [...circle(round, second), meeting(8)(round)]),
      ...times(5, (round) => [...divisionCircles(round, short), ...byes(round).map(between(0, true))]),
      ...full.filter((_, index) => index % 2 === 1),
    ],
  };
}

type Meet = (one: number, other: number) => Series;

/** Both leagues' round robins: in round r those meet whose places add up to 2r; place r is over. */
function circle(round: number, meet: Meet): Series[] {
  return [0, 15].flatMap((start) => pairs(15, round).map(([one, other]) => meet(start + one, start + other)));
}

function divisionCircles(round: number, meet: Meet): Series[] {
  return times(6, (division) => division * 5).flatMap((start) =>
    pairs(5, round).map(([one, other]) => meet(start + one, start + other)),
  );
}

/** The American League teams that are over when the divisions play among themselves. */
function byes(round: number): number[] {
  return [0, 5, 10].map((start) => start + round);
}

function pairs(size: number, round: number): [number, number][] {
  return times(size, (one) => [one, (2 * round - one + 2 * size) % size] as [number, number]).filter(
    ([one, other]) => one < other,
  );
}

// Two of a division meet four times: long, second at the one's; first, short at the other's.
const long: Meet = (one, other) => hosted(one, other, !stronger(one, other), 4);
const short: Meet = (one, other) => hosted(one, other, stronger(one, other));

const first: Meet = (one, other) => {
  if (division(one) === division(other)) return hosted(one, other, stronger(one, other));
  const seven = one % 5 === other % 5;
  return hosted(one, other, !stronger(one, other), seven ? 4 : 3);
};

const second: Meet = (one, other) => {
  if (division(one) === division(other)) return hosted(one, other, !stronger(one, other));
  return hosted(one, other, stronger(one, other));
};

/** Who of the two has the extra home game: each team has it as often as it has not. */
function stronger(one: number, other: number): boolean {
  if (division(one) === division(other)) return (other - one + 5) % 5 <= 2;
  return (division(other) - division(one) + 3) % 3 === 1;
}

function hosted(one: number, other: number, atOther: boolean, games: 3 | 4 = 3): Series {
  return atOther ? { home: other, away: one, games } : { home: one, away: other, games };
}

function leagueOf(start: number): number[] {
  return times(15, (place) => start + place);
}

function division(team: number): number {
  return teams[team]!.division;
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
