import { addDays, daysBetween } from '../days.ts';
import { between, chance, shuffled, stream } from '../random.ts';
import { Recent } from '../recent.ts';
import type { Game } from '../season.ts';
import { calendar, type Fixture, seasonDays } from './calendar.ts';
import { isInjured, type Player, type Roster, rosters } from './players.ts';
import { play, type Result, type Side } from './play.ts';
import { teams } from './teams.ts';

export interface LeagueOptions {
  readonly seed: number;
  readonly startDate: string;
  readonly endDate?: string | undefined;
  readonly games?: number | undefined;
}

export interface MlbGame extends Game {
  /** 2 for the second game of a doubleheader. */
  readonly number: 1 | 2;
  /** Fewer than nine when rain ended it. */
  readonly innings: number;
}

/** The simulated league: calendar, rosters and games. Tables are views of it, one file each. */
export interface MlbLeague {
  readonly seed: number;
  readonly startDate: string;
  readonly endDate: string;
  readonly games: readonly MlbGame[];
  playedOn(date: string): readonly MlbGame[];
  /** Games first set for the day and played on another. */
  movedFrom(date: string): readonly MlbGame[];
  result(game: MlbGame): Result;
}

/** The league of a seed, games cut after the last day or the given number. */
export function createMlbLeague({ seed, startDate, endDate, games: limit }: LeagueOptions): MlbLeague {
  const lastDay = addDays(startDate, seasonDays - 1);
  const end = endDate !== undefined && endDate < lastDay ? endDate : lastDay;
  const fixtures = calendar(seed, startDate).slice(0, limit);
  const turns = turnsOf(fixtures);
  const everyone = rosters(seed, seasonDays);
  const results = new Recent<string, Result>(64);
  const sideOf = (game: MlbGame, abbr: string, turn: number): Side =>
    side(
      everyone[teams.findIndex((team) => team.abbr === abbr)]!,
      game,
      turn,
      daysBetween(startDate, game.date),
      seed,
    );
  const league: MlbLeague = {
    seed,
    startDate,
    endDate: end,
    games: [],
    playedOn: (date) => played.get(date) ?? [],
    movedFrom: (date) => moved.get(date) ?? [],
    result: (game) =>
      results.get(game.id, () => {
        const [home, away] = turns.get(game.id)!;
        const random = stream(seed, 'mlb game', game.id);
        const innings = chance(random, 0.004) ? between(random, 6, 8) : 9;
        return play(sideOf(game, game.home, home), sideOf(game, game.away, away), innings, random);
      }),
  };
  const all = fixtures.map((fixture) => gameOf(fixture, (game) => league.result(game)));
  const games = all.filter(({ date }) => date <= end);
  const played = Map.groupBy(games, ({ date }) => date);
  const moved = Map.groupBy(all, ({ postponed }) =>
    postponed && postponed.date <= end ? postponed.date : '',
  );
  return { ...league, games };
}

/** How many games home and away team have played before, by game. */
function turnsOf(fixtures: readonly Fixture[]): Map<string, readonly [number, number]> {
  const counts = new Map(teams.map(({ abbr }) => [abbr, 0]));
  const next = (abbr: string) => {
    const turn = counts.get(abbr)!;
    counts.set(abbr, turn + 1);
    return turn;
  };
  return new Map(fixtures.map(({ id, home, away }) => [id, [next(home), next(away)] as const]));
}

function side(roster: Roster, game: MlbGame, turn: number, day: number, seed: number): Side {
  const random = stream(seed, 'mlb line-up', game.id, roster.batters[0]!.lookup);
  const healthy = (players: readonly Player[]) => players.filter((player) => !isInjured(player, day));
  const bench = healthy(roster.batters.slice(9));
  const order = roster.batters.slice(0, 9).map((player) => {
    const rests = chance(random, 0.09) || isInjured(player, day);
    return (rests ? bench.shift() : undefined) ?? player;
  });
  const starters = healthy(roster.starters);
  return {
    order,
    bench,
    starter: (starters.length > 0 ? starters : roster.starters)[
      turn % Math.min(5, Math.max(1, starters.length))
    ]!,
    relievers: shuffled(random, healthy(roster.relievers)),
  };
}

function gameOf(fixture: Fixture, resultOf: (game: MlbGame) => Result): MlbGame {
  let known:
    | { readonly homeScore: number; readonly awayScore: number; endsAt: number; innings: number }
    | undefined;
  const outcome = (game: MlbGame) => {
    if (known === undefined) {
      const { home, away, innings, plateAppearances } = resultOf(game);
      const minutes = Math.round(2.08 * plateAppearances) + (Number(fixture.id) % 6);
      known = {
        homeScore: home.runs,
        awayScore: away.runs,
        endsAt: fixture.startsAt + minutes * 60_000,
        innings,
      };
    }
    return known;
  };
  return {
    ...fixture,
    boxScoreId: fixture.id,
    get endsAt() {
      return outcome(this).endsAt;
    },
    get homeScore() {
      return outcome(this).homeScore;
    },
    get awayScore() {
      return outcome(this).awayScore;
    },
    get innings() {
      return outcome(this).innings;
    },
  };
}
