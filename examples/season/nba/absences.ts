import { addDays, daysBetween } from '../days.ts';
import { between, chance, pick, type Random, stream } from '../random.ts';
import type { Player } from './players.ts';

/** Days on which a player does not play, and what the gamebook says of it. */
export interface Absence {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/** A player's injuries and other absences in the season, by their first day. */
export function absences(seed: number, player: Player, startDate: string, days: number): Absence[] {
  const random = stream(seed, 'nba absences', player.lookup);
  const list: Absence[] = [];
  let day = between(random, 0, 90);
  while (day < days) {
    const reason = reasonOf(random);
    const length = reason.startsWith('Injury') ? lengthOf(random) : between(random, 1, 4);
    list.push({
      from: addDays(startDate, day),
      to: addDays(startDate, day + length - 1),
      reason,
    });
    day += length + between(random, 15, 110);
  }
  return list;
}

/** Why the player is out on the day, or undefined. The last of a team play in the development league for a part of the time. */
export function reasonToMiss(list: readonly Absence[], player: Player, date: string): string | undefined {
  const absence = list.find(({ from, to }) => from <= date && date <= to);
  if (absence !== undefined) return absence.reason;
  const week = Math.floor(daysBetween('2000-01-01', date) / 7);
  if (player.depth >= 13 && (week + player.depth) % 3 !== 0)
    return pick(() => player.stealing % 1, leagueReasons);
  return undefined;
}

const leagueReasons = ['G League - Two-Way', 'G League - On Assignment'];

function lengthOf(random: Random): number {
  if (chance(random, 0.6)) return between(random, 1, 6);
  return chance(random, 0.75) ? between(random, 7, 25) : between(random, 26, 90);
}

function reasonOf(random: Random): string {
  if (chance(random, 0.08))
    return pick(random, ['Personal Reasons', 'Not With Team - Personal', 'Bereavement']);
  if (chance(random, 0.02)) return 'League Suspension';
  if (chance(random, 0.15)) return 'Injury/Illness - N/A; Illness';
  const [part, wounds] = pick(random, parts);
  return `Injury/Illness - ${part}; ${pick(random, wounds)}`;
}

const sided = (part: string, wounds: readonly string[]) =>
  [
    [`Left ${part}`, wounds],
    [`Right ${part}`, wounds],
  ] as const;
const parts: readonly (readonly [string, readonly string[]])[] = [
  ...sided('Ankle', ['Sprain', 'Soreness']),
  ...sided('Knee', ['Soreness', 'Contusion', 'Sprain']),
  ...sided('Hamstring', ['Strain', 'Tightness']),
  ...sided('Calf', ['Strain']),
  ...sided('Shoulder', ['Sprain', 'Soreness']),
  ...sided('Wrist', ['Sprain']),
  ['Low Back', ['Spasms', 'Soreness']],
  ['Concussion', ['Protocol']],
];
