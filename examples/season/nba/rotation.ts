import { normal, type Random } from '../random.ts';
import type { Line } from './line.ts';

/** Minutes that a full game has for the first, second … of those who can play. */
export const plannedMinutes = [35.5, 33.7, 32.2, 30.8, 28.5, 23.5, 20, 15.8, 12, 8];

const stint = 180;
const quarter = 720;

/** Who is on the floor: five at every moment, starters first and last, each near the minutes that he is to have. */
export class Rotation {
  #five: readonly Line[] = [];
  readonly #bench: readonly Line[];
  readonly #random: Random;
  /** Seconds still to be had, for each line. */
  readonly #left: Map<Line, number>;
  #nextChange: number;

  /** @param lines Those who can play, best first; only the first ten are meant to. */
  constructor(lines: readonly Line[], random: Random) {
    this.#random = random;
    this.#bench = lines;
    this.#left = new Map(
      lines.map((line, place) => {
        const minutes = plannedMinutes[place] ?? 0;
        // The ninth and tenth play in some games and not in others.
        const sits = place >= 8 && random() < (place === 8 ? 0.06 : 0.45);
        return [line, sits ? 0 : Math.max(0, minutes * normal(random, 1, 0.09)) * 60];
      }),
    );
    this.#send(lines.slice(0, 5));
    this.#nextChange = this.#boundary(0);
  }

  get five(): readonly Line[] {
    return this.#five;
  }

  /** Called as each possession begins. */
  change(seconds: number, lead: number): void {
    if (seconds < this.#nextChange) return;
    this.#send(this.#choose(seconds, lead));
    this.#nextChange = this.#boundary(seconds);
  }

  /** Counts time for the five. */
  play(seconds: number): void {
    for (const line of this.five) {
      line.seconds += seconds;
      this.#left.set(line, this.#left.get(line)! - seconds);
    }
  }

  /** Six fouls: another takes his place, and he comes back no more. When nobody is left he stays, as the rules have it. */
  foulOut(line: Line): void {
    const rested = this.#able()
      .filter((other) => !this.five.includes(other))
      .sort((a, b) => this.#left.get(b)! - this.#left.get(a)!);
    const fresh = rested[0] ?? line;
    this.#send(this.five.map((other) => (other === line ? fresh : other)));
  }

  #send(five: readonly Line[]): void {
    for (const line of five) line.played = true;
    this.#five = five;
  }

  #able(): readonly Line[] {
    const able = this.#bench.filter((line) => line.fouls < 6);
    return able.length < 5 ? this.#bench : able;
  }

  #boundary(seconds: number): number {
    const next = (Math.floor(seconds / stint) + 1) * stint;
    // Teams change at their own time, but all do between quarters.
    return next % quarter === 0 ? next : next + Math.round((this.#random() - 0.5) * 100);
  }

  #choose(seconds: number, lead: number): Line[] {
    const able = this.#able();
    if (seconds >= 4 * quarter) return able.slice(0, 5);
    const slot = Math.round(seconds / stint);
    const left = Math.max(1, 16 - slot) * stint;
    if (slot >= 15 && Math.abs(lead) > 21) return able.slice(-5);
    const starting = slot === 8 || (slot >= 14 && Math.abs(lead) < 15);
    const score = (line: Line, place: number) =>
      this.#left.get(line)! / left +
      (starting && place < 5 ? 0.35 : 0) +
      0.12 * this.#random() +
      foulTrouble(line, slot);
    return able
      .map((line, place) => ({ line, score: score(line, place) }))
      .sort((a, b) => b.score - a.score)
      .slice(0, 5)
      .map(({ line }) => line);
  }
}

function foulTrouble(line: Line, slot: number): number {
  return line.fouls > 1 + slot / 4 ? -0.25 : 0;
}
