import { addDays, daysBetween, eastern, weekday } from '../days.ts';
import { between, chance, normal, pick, type Random, shuffled, stream } from '../random.ts';
import type { Postponement } from '../season.ts';
import { type Pairing, pairings } from './pairings.ts';
import { teams } from './teams.ts';

/** A game in the calendar, before it is played. */
export interface Fixture {
  readonly id: string;
  readonly date: string;
  readonly home: string;
  readonly away: string;
  readonly startsAt: number;
  readonly postponed: Postponement | null;
}

/** Opening day to the last, as many days as the league takes. */
export const seasonDays = 174;

/** The season's games in the order of their ids: by the day and hour that they were first set for. */
export function calendar(seed: number, startDate: string): Fixture[] {
  const random = stream(seed, 'nba calendar');
  const plan = new Plan(startDate);
  for (const pairing of shuffled(random, pairings())) plan.add(pairing, random);
  const slots = plan.slots
    .map((slot) => ({ ...slot, date: addDays(startDate, slot.day) }))
    .map((slot) => ({ ...slot, startsAt: tipOff(slot.date, slot.home, random) }))
    .sort((a, b) => a.startsAt - b.startsAt || a.home - b.home);
  const year = startDate.slice(2, 4);
  return slots.map(({ date, day, home, away, startsAt }, index) => {
    const moved = chance(random, 0.005) ? plan.move({ home, away }, day, random) : undefined;
    const fixture = {
      id: `002${year}${String(index + 1).padStart(5, '0')}`,
      home: teams[home]!.abbr,
      away: teams[away]!.abbr,
    };
    if (moved === undefined) return { ...fixture, date, startsAt, postponed: null };
    const newDate = addDays(startDate, moved);
    return {
      ...fixture,
      date: newDate,
      startsAt: tipOff(newDate, home, random),
      postponed: { date, startsAt, announcedAt: startsAt - between(random, 2, 7) * 3_600_000 },
    };
  });
}

/** The Friday on which the all-star break begins; it lasts six days. */
export function allStarBreak(startDate: string): string {
  const earliest = addDays(startDate, 112);
  return addDays(earliest, (5 - weekday(earliest) + 7) % 7);
}

/** Who plays when: no team twice a day or three days in a row, most with a day between, each day about as full as its weekday. */
class Plan {
  readonly slots: (Pairing & { readonly day: number })[] = [];
  readonly #busy = teams.map(() => new Uint8Array(seasonDays + 8));
  readonly #load = new Uint8Array(seasonDays);
  readonly #wanted: readonly number[];
  readonly #met = new Map<string, number[]>();

  constructor(startDate: string) {
    const days = Array.from({ length: seasonDays }, (_, day) =>
      gamesWanted(startDate, addDays(startDate, day)),
    );
    const scale = 1230 / days.reduce((sum, games) => sum + games, 0);
    this.#wanted = days.map((games) => games * scale);
  }

  add(pairing: Pairing, random: Random): void {
    const day = this.#best(pairing, 0, random)!;
    this.#take(pairing, day);
    this.slots.push({ ...pairing, day });
  }

  /** Another day for a game that can't be played on its own, three weeks later or more; none when there is none. */
  move(pairing: Pairing, from: number, random: Random): number | undefined {
    const day = this.#best(pairing, from + 21, random);
    if (day !== undefined) this.#take(pairing, day);
    return day;
  }

  #best(pairing: Pairing, first: number, random: Random): number | undefined {
    let best: number | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (let day = first; day < seasonDays; day++) {
      const cost = this.#cost(pairing, day) + random();
      if (cost < least) [best, least] = [day, cost];
    }
    return best;
  }

  #take(pairing: Pairing, day: number): void {
    this.#load[day]!++;
    this.#busy[pairing.home]![day + margin] = 1;
    this.#busy[pairing.away]![day + margin] = 1;
    const pair = key(pairing);
    this.#met.set(pair, [...(this.#met.get(pair) ?? []), day]);
  }

  #cost({ home, away }: Pairing, day: number): number {
    const [wanted, load] = [this.#wanted[day]!, this.#load[day]!];
    if (wanted === 0 || load >= 15) return Number.POSITIVE_INFINITY;
    let cost = (4 * load) / wanted + (load > wanted + 2 ? 4 : 0);
    for (const busy of [this.#busy[home]!, this.#busy[away]!]) {
      const at = day + margin;
      if (busy[at]) return Number.POSITIVE_INFINITY;
      const [before, after] = [busy[at - 1]!, busy[at + 1]!];
      if ((before && busy[at - 2]) || (after && busy[at + 2]) || (before && after))
        return Number.POSITIVE_INFINITY;
      cost += 1.7 * (before + after);
      let near = 0;
      for (let offset = -4; offset <= 4; offset++) near += busy[at + offset]!;
      cost += 0.6 * near + (near > 4 ? 3 : 0);
    }
    const met = this.#met.get(key({ home, away })) ?? [];
    for (const other of met) if (Math.abs(other - day) < 9) cost += 3;
    return cost;
  }
}

const margin = 4;

function key({ home, away }: Pairing): string {
  return home < away ? `${home} ${away}` : `${away} ${home}`;
}

/** Sunday to Saturday. */
const weekdays = [8.5, 8.5, 6, 10, 4.5, 10.5, 7.5];

function gamesWanted(startDate: string, date: string): number {
  const starDays = daysBetween(allStarBreak(startDate), date);
  if (starDays >= 0 && starDays < 6) return 0;
  if (date.endsWith('12-24') || isThanksgiving(date)) return 0;
  if (date === startDate) return 2;
  return weekdays[weekday(date)]!;
}

function isThanksgiving(date: string): boolean {
  const day = Number(date.slice(8));
  return date.slice(5, 7) === '11' && weekday(date) === 4 && day >= 22 && day <= 28;
}

/** In the evening where the home team is; some at weekends in the afternoon. */
function tipOff(date: string, home: number, random: Random): number {
  const { behind } = teams[home]!;
  const weekend = weekday(date) === 0 || weekday(date) === 6;
  if (weekend && chance(random, 0.3))
    return eastern(date, pick(random, [13 * 60, 15 * 60 + 30, 17 * 60, 18 * 60]));
  const local = weekday(date) === 0 ? 18 * 60 : 19 * 60;
  const late = Math.min(2, Math.floor(Math.abs(normal(random, 0, 1)))) * 30;
  return eastern(date, Math.min(local + behind * 60 + late, 22 * 60 + 30));
}
