import { addDays, eastern, weekday } from '../days.ts';
import { between, chance, pick, type Random, shuffled, stream } from '../random.ts';
import type { Postponement } from '../season.ts';
import { type Round, rounds, type Series } from './series.ts';
import { teams } from './teams.ts';

/** A game in the calendar, before it is played. */
export interface Fixture {
  readonly id: string;
  readonly date: string;
  /** 2 for the second game of a doubleheader. */
  readonly number: 1 | 2;
  readonly home: string;
  readonly away: string;
  readonly startsAt: number;
  readonly postponed: Postponement | null;
}

/** Opening day, a Thursday as a rule, to the last: half a week, then 26 weeks. */
export const seasonDays = 4 + 26 * 7;

/** The week whose first half is the all-star break. */
const starWeek = 15;

/** The season's games, by the day and hour at which they are played. */
export function calendar(seed: number, startDate: string): Fixture[] {
  const random = stream(seed, 'mlb calendar');
  const slots = slotsOf(rounds(), random);
  rainOut(slots, startDate, random);
  const doubleheaders = new Set(slots.filter(({ number }) => number === 2).map(placeAndDay));
  return slots
    .map((slot, index) => fixture(slot, index, doubleheaders.has(placeAndDay(slot)), startDate, random))
    .sort((a, b) => a.startsAt - b.startsAt || (a.id < b.id ? -1 : 1));
}

interface Slot {
  readonly home: number;
  readonly away: number;
  /** The day that it was first set for, and the series it belongs to. */
  readonly first: number;
  readonly series: Series;
  day: number;
  number: 1 | 2;
}

/** The games in the order in which they were first set. */
function slotsOf({ early, late }: ReturnType<typeof rounds>, random: Random): Slot[] {
  // Of some orders, the one in which fewest meet twice in a row.
  const orders = Array.from({ length: 30 }, () => [shuffled(random, early), shuffled(random, late)] as const);
  const [firstHalves, lastHalves] = orders.reduce((best, order) =>
    repeats(order) < repeats(best) ? order : best,
  );
  const slots: Slot[] = [];
  const set = (round: Round, start: number, room: number) => {
    for (const series of round) {
      const shift = series.games < room && chance(random, 0.4) ? 1 : 0;
      for (let game = 0; game < series.games; game++) {
        const day = start + shift + game;
        slots.push({ home: series.home, away: series.away, first: day, day, number: 1, series });
      }
    }
  };
  const [opening, ...firsts] = firstHalves;
  set(opening!, 0, 4);
  for (let week = 0; week < 26; week++) {
    if (week !== starWeek) set(firsts[week < starWeek ? week : week - 1]!, 4 + week * 7, 4);
    set(lastHalves[week]!, 8 + week * 7, 3);
  }
  return slots.sort((a, b) => a.day - b.day);
}

function repeats([early, late]: readonly [readonly Round[], readonly Round[]]): number {
  const meetings = (round: Round) =>
    round.map(({ home, away }) => (home < away ? `${home} ${away}` : `${away} ${home}`));
  return late.reduce((sum, round, index) => {
    const before = new Set(meetings(early[index]!));
    return sum + meetings(round).filter((pair) => before.has(pair)).length;
  }, 0);
}

/** Puts some games off: to a doubleheader with a later game at the same place, else to a day that both have free. */
function rainOut(slots: readonly Slot[], startDate: string, random: Random): void {
  const busy = teams.map(() => new Map<number, number>());
  const count = ({ home, away }: Slot, day: number, by: number) => {
    for (const team of [home, away]) busy[team]!.set(day, (busy[team]!.get(day) ?? 0) + by);
  };
  const games = (team: number, day: number) => busy[team]!.get(day) ?? 0;
  for (const slot of slots) count(slot, slot.day, 1);

  for (const slot of slots) {
    const spring = addDays(startDate, slot.day).slice(5) < '05-20';
    if (!chance(random, spring ? 0.022 : 0.009) || !teams[slot.home]!.open) continue;
    // Neither may play twice that day already, and who shares the day has to be played himself.
    if (games(slot.home, slot.day) > 1 || games(slot.away, slot.day) > 1) continue;
    const single = slots.find(
      (other) =>
        other.day > slot.day &&
        other.day === other.first &&
        other.home === slot.home &&
        other.away === slot.away &&
        games(slot.home, other.day) === 1 &&
        games(slot.away, other.day) === 1,
    );
    const day = single?.day ?? freeDay(slot);
    if (day === undefined) continue;
    count(slot, slot.day, -1);
    count(slot, day, 1);
    slot.day = day;
    slot.number = single === undefined ? 1 : 2;
  }

  function freeDay(slot: Slot): number | undefined {
    const starDays = 4 + starWeek * 7;
    for (let day = slot.day + 3; day < seasonDays; day++) {
      const free = games(slot.home, day) === 0 && games(slot.away, day) === 0;
      if (free && (day < starDays || day > starDays + 3)) return day;
    }
    return undefined;
  }
}

function fixture(slot: Slot, index: number, isDouble: boolean, startDate: string, random: Random): Fixture {
  const { behind } = teams[slot.home]!;
  const first = firstPitch(addDays(startDate, slot.first), behind, random);
  const announcedAt = first - between(random, 1, 5) * 1_800_000;
  const date = addDays(startDate, slot.day);
  const moved = slot.day !== slot.first;
  const local = slot.number === 2 ? 18 * 60 + 45 : 13 * 60 + 10;
  const own = moved || isDouble ? eastern(date, local + behind * 60) : first;
  return {
    id: String(823_000 + index),
    date,
    number: slot.number,
    home: teams[slot.home]!.abbr,
    away: teams[slot.away]!.abbr,
    startsAt: own,
    postponed: moved ? { date: addDays(startDate, slot.first), startsAt: first, announcedAt } : null,
  };
}

function placeAndDay({ home, day }: Slot): string {
  return `${home} ${day}`;
}

/** In the evening; on Sundays and on some days of departure early in the afternoon. */
function firstPitch(date: string, behind: number, random: Random): number {
  const day = weekday(date);
  const early = day === 0 ? 0.85 : day === 6 ? 0.5 : day === 3 || day === 4 ? 0.35 : 0.05;
  const local = chance(random, early)
    ? pick(random, [13 * 60 + 10, 13 * 60 + 35, 16 * 60 + 5])
    : 18 * 60 + 40;
  const minutes = local + pick(random, [0, 0, 5, 25, 30]) + behind * 60;
  return eastern(date, Math.min(minutes, 22 * 60 + 15));
}
