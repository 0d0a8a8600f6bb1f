import { chance, normal, type Random, weighted } from '../random.ts';
import { emptyLine, type Line, points } from './line.ts';
import type { Player } from './players.ts';
import { Rotation } from './rotation.ts';

/** A team as it comes to a game. */
export interface Side {
  /** Those who can play, best first: at least eight. */
  readonly players: readonly Player[];
  /** Points for 100 possessions above the league's average, made and prevented. */
  readonly attack: number;
  readonly defence: number;
  /** Possessions of 48 minutes above the league's average. */
  readonly pace: number;
}

export interface Result {
  readonly home: TeamResult;
  readonly away: TeamResult;
  readonly overtimes: number;
  /** Every shot, in the order taken. */
  readonly shots: readonly Shot[];
}

export interface Shot {
  readonly by: Player;
  readonly atHome: boolean;
  readonly kind: '2PT' | '3PT' | 'FT';
  readonly made: boolean;
  readonly blockedBy: Player | null;
  /** Of playing time, from the start. */
  readonly second: number;
}

export interface TeamResult {
  readonly points: number;
  /** Everyone who could play, best first; who stayed on the bench has not played. */
  readonly lines: readonly Line[];
}

const quarter = 720;
const overtime = 300;

// League averages, set so that team totals come out as in the real games that the test compares with.
const rates = {
  possessionSeconds: 14.62,
  turnover: 0.127,
  freeThrowTrip: 0.088,
  andOne: 0.032,
  otherFoul: 0.065,
  offensiveRebound: 0.25,
  teamRebound: 0.08,
  steal: 0.59,
  block: 0.2,
  assistTwo: 0.54,
  assistThree: 0.86,
  homeEdge: 1.1,
  // A lead makes careless: this much accuracy a point. Without it more games would be decided early than are.
  comeback: 0.0016,
};

/** Plays a game possession by possession. All that box scores say is counted from these, so it fits together. */
export function play(home: Side, away: Side, random: Random): Result {
  const floor = new Floor(home, away, random);
  for (let period = 0; period < 4; period++) floor.period(period * quarter, quarter);
  let overtimes = 0;
  while (floor.lead === 0) floor.period(4 * quarter + overtimes++ * overtime, overtime);
  return { home: floor.home.result(), away: floor.away.result(), overtimes, shots: floor.shots };
}

class Floor {
  readonly home: Squad;
  readonly away: Squad;
  readonly shots: Shot[] = [];
  readonly #random: Random;
  readonly #seconds: number;
  #homeBall: boolean;
  #second = 0;

  constructor(home: Side, away: Side, random: Random) {
    this.#random = random;
    const possessions = normal(random, 0, 3.6) + home.pace + away.pace;
    this.#seconds = rates.possessionSeconds / (1 + possessions / 99);
    const log = (atHome: boolean) => (shot: LoggedShot) =>
      this.shots.push({ ...shot, atHome, second: this.#second });
    this.home = new Squad(home, away, rates.homeEdge, random, log(true));
    this.away = new Squad(away, home, -rates.homeEdge, random, log(false));
    this.#homeBall = chance(random, 0.5);
  }

  get lead(): number {
    return this.home.points - this.away.points;
  }

  period(start: number, length: number): void {
    let clock = 0;
    while (clock < length) {
      const lead = this.lead;
      this.home.rotation.change(start + clock, lead);
      this.away.rotation.change(start + clock, -lead);
      const [offence, defence] = this.#homeBall ? [this.home, this.away] : [this.away, this.home];
      const wanted = Math.round(Math.min(30, Math.max(4, normal(this.#random, this.#seconds, 5))));
      const seconds = Math.min(wanted, length - clock);
      clock += seconds;
      this.#second = start + clock;
      this.home.rotation.play(seconds);
      this.away.rotation.play(seconds);
      // A rest of a quarter too short for a shot.
      if (seconds < 3 && wanted > seconds) break;
      this.#possession(offence, defence);
      this.#homeBall = !this.#homeBall;
    }
  }

  #possession(offence: Squad, defence: Squad): void {
    const random = this.#random;
    const before = offence.points;
    if (chance(random, rates.otherFoul)) defence.foul();
    if (chance(random, rates.turnover)) {
      offence.turnOver(defence);
    } else {
      while (this.#attempt(offence, defence)) {
        if (chance(random, 0.06)) {
          offence.turnOver(defence);
          break;
        }
      }
    }
    const scored = offence.points - before;
    if (scored > 0) {
      for (const line of offence.five) line.plusMinus += scored;
      for (const line of defence.five) line.plusMinus -= scored;
    }
  }

  /** A shot or a trip to the line; true when the offence has the ball again. */
  #attempt(offence: Squad, defence: Squad): boolean {
    const random = this.#random;
    if (chance(random, rates.freeThrowTrip)) {
      const shooter = weighted(random, offence.five, (line) => offence.volume(line) * line.player.drawsFouls);
      defence.foul();
      const last = offence.freeThrows(shooter, chance(random, 0.06) ? 3 : 2);
      return !last && this.#rebound(offence, defence);
    }
    const shooter = weighted(random, offence.five, (line) => offence.volume(line));
    const made = offence.shoot(shooter, defence);
    if (!made) return this.#rebound(offence, defence);
    if (!chance(random, rates.andOne)) return false;
    defence.foul();
    return !offence.freeThrows(shooter, 1) && this.#rebound(offence, defence);
  }

  #rebound(offence: Squad, defence: Squad): boolean {
    const random = this.#random;
    if (chance(random, rates.teamRebound)) return chance(random, 0.25);
    if (chance(random, rates.offensiveRebound * offence.rebounding)) {
      weighted(random, offence.five, (line) => line.player.offensiveRebounding).offensiveRebounds++;
      return true;
    }
    weighted(random, defence.five, (line) => line.player.defensiveRebounding).defensiveRebounds++;
    return false;
  }
}

type LoggedShot = Omit<Shot, 'atHome' | 'second'>;

/** A team on the floor. */
class Squad {
  readonly rotation: Rotation;
  readonly rebounding: number;
  points = 0;
  readonly #lines: readonly Line[];
  readonly #random: Random;
  readonly #accuracy: number;
  readonly #threes: number;
  readonly #assisting: number;
  readonly #form: Map<Line, number>;
  readonly #log: (shot: LoggedShot) => void;

  constructor(own: Side, other: Side, edge: number, random: Random, log: (shot: LoggedShot) => void) {
    this.#random = random;
    this.#log = log;
    this.#lines = own.players.map(emptyLine);
    this.rotation = new Rotation(this.#lines, random);
    // 100 possessions have about 104 shots worth 2.2 points: 2.3 points are a percentage point of accuracy.
    this.#accuracy = (own.attack - other.defence + edge) / 230 + normal(random, 0, 0.012);
    this.#threes = Math.exp(normal(random, 0, 0.05));
    this.#assisting = Math.exp(normal(random, 0, 0.1));
    this.rebounding = Math.exp(normal(random, 0, 0.12));
    this.#form = new Map(
      this.#lines.map((line) => [line, line.player.shooting * Math.exp(normal(random, 0, 0.17))]),
    );
  }

  get five(): readonly Line[] {
    return this.rotation.five;
  }

  volume(line: Line): number {
    return this.#form.get(line)!;
  }

  result(): TeamResult {
    return { points: this.#lines.reduce((sum, line) => sum + points(line), 0), lines: this.#lines };
  }

  /** Whether it goes in. A pass may have led to it; the defence may block it. */
  shoot(line: Line, defence: Squad): boolean {
    const random = this.#random;
    const { player } = line;
    const form = this.#accuracy - rates.comeback * (this.points - defence.points);
    const three = chance(random, Math.min(0.9, player.threeShare * this.#threes));
    const made = chance(random, (three ? player.threeAccuracy : player.twoAccuracy) + form);
    if (three) line.threesAttempted++;
    else line.twosAttempted++;
    const kind = three ? '3PT' : '2PT';
    if (!made) {
      const blocker = chance(random, three ? 0.012 : rates.block)
        ? weighted(random, defence.five, (other) => other.player.blocking)
        : undefined;
      if (blocker !== undefined) blocker.blocks++;
      this.#log({ by: player, kind, made, blockedBy: blocker?.player ?? null });
      return false;
    }
    this.#log({ by: player, kind, made, blockedBy: null });
    if (three) line.threesMade++;
    else line.twosMade++;
    this.points += three ? 3 : 2;
    if (chance(random, (three ? rates.assistThree : rates.assistTwo) * this.#assisting)) {
      weighted(random, this.five, (other) => (other === line ? 0 : other.player.passing)).assists++;
    }
    return true;
  }

  /** Whether the last of them goes in. */
  freeThrows(line: Line, count: number): boolean {
    let made = false;
    for (let shot = 0; shot < count; shot++) {
      made = chance(this.#random, line.player.freeThrowAccuracy);
      this.#log({ by: line.player, kind: 'FT', made, blockedBy: null });
      line.freeThrowsAttempted++;
      if (made) {
        line.freeThrowsMade++;
        this.points++;
      }
    }
    return made;
  }

  turnOver(defence: Squad): void {
    const random = this.#random;
    const line = weighted(random, this.five, (other) => this.volume(other) + other.player.passing);
    line.turnovers++;
    if (chance(random, rates.steal))
      weighted(random, defence.five, (other) => other.player.stealing).steals++;
    else if (chance(random, 0.3)) this.#foulBy(line);
  }

  foul(): void {
    this.#foulBy(
      weighted(this.#random, this.five, (line) => (line.fouls === 5 ? 0.3 : 1) * line.player.fouling),
    );
  }

  #foulBy(line: Line): void {
    line.fouls++;
    if (line.fouls === 6) this.rotation.foulOut(line);
  }
}
