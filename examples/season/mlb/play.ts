import { between, chance, type Random } from '../random.ts';
import { type BatterLine, batterLine, type PitcherLine, pitcherLine } from './line.ts';
import type { Player } from './players.ts';

/** A team as it comes to a game. */
export interface Side {
  /** Nine, in the order in which they bat. */
  readonly order: readonly Player[];
  readonly bench: readonly Player[];
  readonly starter: Player;
  /** In the order in which they are called. */
  readonly relievers: readonly Player[];
}

export interface Result {
  readonly home: TeamResult;
  readonly away: TeamResult;
  readonly innings: number;
  readonly plateAppearances: number;
}

export interface TeamResult {
  readonly runs: number;
  readonly batters: readonly BatterLine[];
  readonly pitchers: readonly PitcherLine[];
}

// What a plate appearance ends in, as shares of all: the major leagues of the last years.
const rates = {
  strikeout: 0.221,
  walk: 0.087,
  hitByPitch: 0.011,
  homeRun: 0.0295,
  single: 0.1415,
  double: 0.0435,
  triple: 0.0035,
  error: 0.014,
  wildPitch: 0.022,
  homeEdge: 1.045,
};

/** Plays a game, one plate appearance after the other. All that box scores say is counted from these. */
export function play(home: Side, away: Side, innings: number, random: Random): Result {
  const hosts = new Nine(home, rates.homeEdge, random);
  const guests = new Nine(away, 1, random);
  let inning = 1;
  let plateAppearances = 0;
  for (; ; inning++) {
    plateAppearances += half(guests, hosts, inning, false, random);
    if (inning >= innings && hosts.runs > guests.runs) break;
    plateAppearances += half(hosts, guests, inning, inning >= innings, random);
    if (inning >= innings && hosts.runs !== guests.runs) break;
  }
  return { home: hosts.result(), away: guests.result(), innings: inning, plateAppearances };
}

interface Runner {
  readonly line: BatterLine;
  /** Who let him on; none for the runner that an extra inning begins with. */
  readonly pitcher: PitcherLine | undefined;
}

/** Half an inning; how many came to bat. With `last`, it ends as soon as the batting team leads. */
function half(batting: Nine, fielding: Nine, inning: number, last: boolean, random: Random): number {
  const bases: (Runner | undefined)[] = [undefined, undefined, undefined];
  let outs = 0;
  let count = 0;
  if (inning > 9) bases[1] = { line: batting.before(), pitcher: undefined };
  batting.substitute(inning);
  const over = () => outs >= 3 || (last && batting.runs > fielding.runs);

  const score = (runner: Runner, credit: BatterLine | undefined) => {
    batting.runs++;
    runner.line.runs++;
    if (credit !== undefined) credit.rbis++;
    const pitcher = runner.pitcher ?? fielding.pitcher;
    pitcher.runs++;
    if (runner.pitcher !== undefined) pitcher.earnedRuns++;
  };
  /** Everyone goes on by the bases that `take` says; the batter comes to `reached`. A winning run ends it, unless it is a home run. */
  const advance = (batter: Runner, reached: number, take: (base: number) => number, credit: boolean) => {
    for (let base = 2; base >= 0; base--) {
      const runner = bases[base];
      if (runner === undefined || (over() && reached < 3)) continue;
      let to = base + take(base);
      // Nobody passes who is before him.
      while (to < 3 && bases[to] !== undefined && to > base) to--;
      bases[base] = undefined;
      if (to >= 3) score(runner, credit ? batter.line : undefined);
      else bases[to] = runner;
    }
    if (reached >= 3) score(batter, batter.line);
    else if (bases[reached] === undefined) bases[reached] = batter;
  };

  while (!over()) {
    const pitcher = fielding.callPitcher(inning);
    if (chance(random, rates.wildPitch)) {
      for (let base = 2; base >= 0; base--) {
        const runner = bases[base];
        bases[base] = undefined;
        if (runner !== undefined && base === 2) score(runner, undefined);
        else bases[base + 1] = runner;
      }
      if (over()) break;
    }
    count++;
    const line = batting.next();
    const batter = { line, pitcher };
    pitcher.pitches += between(random, 1, 6) + (chance(random, 0.3) ? 1 : 0);
    const event = batting.outcome(line, pitcher);
    if (event === 'walk' || event === 'hitByPitch') {
      if (event === 'walk') {
        line.walks++;
        pitcher.walks++;
      }
      const forced = bases.indexOf(undefined);
      const moves = forced < 0 ? 3 : forced;
      advance(batter, 0, (base) => (base < moves ? 1 : 0), true);
    } else if (event === 'out' && bases[2] !== undefined && outs < 2 && chance(random, 0.36)) {
      // A sacrifice fly is no at-bat.
      const runner = bases[2];
      bases[2] = undefined;
      outs++;
      pitcher.outs++;
      score(runner, line);
    } else {
      line.atBats++;
      if (event === 'strikeout' || event === 'out') {
        if (event === 'strikeout') {
          line.strikeouts++;
          pitcher.strikeouts++;
        } else if (bases[0] !== undefined && outs < 2 && chance(random, 0.2)) {
          bases[0] = undefined;
          outs++;
          pitcher.outs++;
        }
        outs++;
        pitcher.outs++;
        continue;
      }
      if (event !== 'error') {
        line.hits++;
        pitcher.hits++;
      }
      if (event === 'homeRun') {
        line.homeRuns++;
        pitcher.homeRuns++;
      }
      const gained = { error: 0, single: 0, double: 1, triple: 2, homeRun: 3 }[event];
      const extra = (base: number) => {
        if (event === 'single')
          return base === 1 ? (chance(random, 0.68) ? 2 : 1) : base === 0 && chance(random, 0.28) ? 2 : 1;
        if (event === 'double') return base === 0 ? (chance(random, 0.42) ? 3 : 2) : 2;
        return gained + 1;
      };
      advance(batter, gained, extra, event !== 'error');
    }
  }
  return count;
}

type Event =
  | 'strikeout'
  | 'walk'
  | 'hitByPitch'
  | 'homeRun'
  | 'single'
  | 'double'
  | 'triple'
  | 'error'
  | 'out';

/** A team at bat and in the field. */
class Nine {
  runs = 0;
  pitcher: PitcherLine;
  readonly #batters: BatterLine[];
  readonly #pitchers: PitcherLine[];
  /** The lines of those who are in the game, by their place in the order. */
  readonly #order: BatterLine[];
  readonly #bench: Player[];
  readonly #relievers: Player[];
  readonly #edge: number;
  readonly #random: Random;
  #turn = 0;
  /** Pitches after which the starter goes, outs after which a reliever does. */
  readonly #limit: number;

  constructor(side: Side, edge: number, random: Random) {
    this.#random = random;
    this.#edge = edge;
    this.#order = side.order.map((player, place) => batterLine(player, place + 1));
    this.#batters = [...this.#order];
    this.#bench = [...side.bench];
    this.#relievers = [...side.relievers];
    this.pitcher = pitcherLine(side.starter, true);
    this.#pitchers = [this.pitcher];
    this.#limit = between(random, 72, 100);
  }

  next(): BatterLine {
    return this.#order[this.#turn++ % 9]!;
  }

  /** Who was last at bat: the runner of an extra inning. */
  before(): BatterLine {
    return this.#order[(this.#turn + 8) % 9]!;
  }

  /** Late in a game one may be replaced before his turn. */
  substitute(inning: number): void {
    if (inning < 7 || this.#bench.length === 0 || !chance(this.#random, 0.13)) return;
    const place = (this.#turn + between(this.#random, 0, 2)) % 9;
    const line = batterLine(this.#bench.shift()!, place + 1);
    this.#order[place] = line;
    this.#batters.push(line);
  }

  /** Who pitches now: the same, or another when he is tired or was hit. */
  callPitcher(inning: number): PitcherLine {
    const { starter, pitches, runs, outs } = this.pitcher;
    const done = starter ? pitches > this.#limit || runs > 6 : outs >= 3 || runs > 3;
    if (!done || this.#relievers.length === 0) return this.pitcher;
    // The last of them pitches the ninth.
    const fresh = inning >= 9 ? this.#relievers.pop()! : this.#relievers.shift()!;
    this.pitcher = pitcherLine(fresh, false);
    this.#pitchers.push(this.pitcher);
    return this.pitcher;
  }

  outcome({ player }: BatterLine, { player: against }: PitcherLine): Event {
    const hits = player.hits * against.hits * this.#edge;
    const shares: readonly (readonly [Event, number])[] = [
      ['strikeout', rates.strikeout * player.strikeouts * against.strikeouts],
      ['walk', rates.walk * player.walks * against.walks],
      ['hitByPitch', rates.hitByPitch],
      ['homeRun', rates.homeRun * player.homeRuns * against.homeRuns * this.#edge],
      ['single', rates.single * hits],
      ['double', rates.double * hits],
      ['triple', rates.triple * hits],
      ['error', rates.error],
    ];
    let rest = this.#random();
    for (const [event, share] of shares) {
      rest -= share;
      if (rest < 0) return event;
    }
    return 'out';
  }

  result(): TeamResult {
    return { runs: this.runs, batters: this.#batters, pitchers: this.#pitchers };
  }
}
