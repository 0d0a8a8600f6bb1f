import { addDays } from '../days.ts';
import { between, chance, normal, type Random, stream } from '../random.ts';
import { Recent } from '../recent.ts';
import type { Game } from '../season.ts';
import { type Absence, absences, reasonToMiss } from './absences.ts';
import { allStarBreak, calendar, type Fixture, seasonDays } from './calendar.ts';
import { type Player, rosters } from './players.ts';
import { play, type Result, type Side } from './play.ts';
import { type Signing, signings } from './signings.ts';
import { type Team, teams } from './teams.ts';
import { type Trade, trades } from './trades.ts';

export interface LeagueOptions {
  readonly seed: number;
  readonly startDate: string;
  readonly endDate?: string | undefined;
  readonly games?: number | undefined;
}

/** What everybody knows of a game before it, and what came out. */
export interface Sheet {
  readonly home: TeamSheet;
  readonly away: TeamSheet;
}

export interface TeamSheet {
  readonly team: Team;
  /** Those who can play, best first. */
  readonly able: readonly Player[];
  readonly out: readonly { readonly player: Player; readonly reason: string; readonly late: boolean }[];
}

/**
 * The simulated league: calendar, rosters, absences and games. Tables are views of it, one file each; what is the same in two
 * tables is said here once.
 */
export interface NbaLeague {
  readonly seed: number;
  readonly startDate: string;
  readonly endDate: string;
  readonly games: readonly Game[];
  readonly trades: readonly Trade[];
  readonly signings: readonly Signing[];
  /** The Friday on which the all-star break begins. */
  readonly allStarBreak: string;
  playedOn(date: string): readonly Game[];
  /** Games first set for the day and played on another. */
  movedFrom(date: string): readonly Game[];
  /** A team's players on a day, in their order. */
  roster(team: number, date: string): readonly Player[];
  /** Why a player can't play on a day, or undefined. */
  absence(player: Player, date: string): string | undefined;
  /** What is to be expected of a game by the strength of the teams: the home team's lead, and the points of both. */
  outlook(game: Game): { readonly margin: number; readonly total: number };
  sheet(game: Game): Sheet;
  result(game: Game): Result;
}

/** The league of a seed, games cut after the last day or the given number. */
export function createNbaLeague({ seed, startDate, endDate, games: limit }: LeagueOptions): NbaLeague {
  const lastDay = addDays(startDate, seasonDays - 1);
  const end = endDate !== undefined && endDate < lastDay ? endDate : lastDay;
  const initial = rosters(seed);
  const swaps = trades(seed, startDate);
  const missing = new Map<string, readonly Absence[]>();
  const absencesOf = (player: Player) => {
    const known = missing.get(player.lookup) ?? absences(seed, player, startDate, seasonDays);
    missing.set(player.lookup, known);
    return known;
  };
  const results = new Recent<string, Result>(64);
  const strengths = teams.map(({ abbr }) => strengthOf(stream(seed, 'nba team', abbr)));

  const all = calendar(seed, startDate)
    .sort((a, b) => a.startsAt - b.startsAt)
    .slice(0, limit)
    .map((fixture) => gameOf(fixture, (game) => league.result(game)));
  const games = all.filter(({ date }) => date <= end);
  const played = Map.groupBy(games, ({ date }) => date);
  const moved = Map.groupBy(all, ({ postponed }) =>
    postponed && postponed.date <= end ? postponed.date : '',
  );

  const league: NbaLeague = {
    seed,
    startDate,
    endDate: end,
    games,
    trades: swaps,
    signings: signings(seed, startDate, initial),
    allStarBreak: allStarBreak(startDate),
    playedOn: (date) => played.get(date) ?? [],
    movedFrom: (date) => moved.get(date) ?? [],
    roster(team, date) {
      const players = [...initial[team]!];
      for (const trade of swaps) {
        if (trade.date > date || !trade.teams.includes(team)) continue;
        const other = trade.teams[0] === team ? trade.teams[1] : trade.teams[0];
        players[trade.depth] = initial[other]![trade.depth]!;
      }
      return players;
    },
    absence: (player, date) => reasonToMiss(absencesOf(player), player, date),
    outlook({ home, away }) {
      const [host, guest] = [home, away].map((abbr) => strengths[indexOf(abbr)]!) as [Strength, Strength];
      // Both fitted to the games as they are played: a lead makes careless, so that strength shows less than in full.
      return {
        margin: 1.7 + 0.62 * (host.attack + host.defence - guest.attack - guest.defence),
        total:
          227.2 +
          0.78 * (host.attack - host.defence + guest.attack - guest.defence + 2.3 * (host.pace + guest.pace)),
      };
    },
    sheet(game) {
      const side = (abbr: string) => {
        const index = indexOf(abbr);
        return sheetOf(teams[index]!, league.roster(index, game.date), game, absencesOf, seed);
      };
      return { home: side(game.home), away: side(game.away) };
    },
    result(game) {
      return results.get(game.id, () => {
        const { home, away } = league.sheet(game);
        const sideOf = ({ team, able }: TeamSheet): Side => ({
          ...strengths[teams.indexOf(team)]!,
          players: able,
        });
        return play(sideOf(home), sideOf(away), stream(seed, 'nba game', game.id));
      });
    },
  };
  return league;
}

function gameOf(fixture: Fixture, resultOf: (game: Game) => Result): Game {
  const { id, date, home, away, startsAt, postponed } = fixture;
  let known: { readonly homeScore: number; readonly awayScore: number; readonly endsAt: number } | undefined;
  const outcome = (game: Game) => {
    if (known === undefined) {
      const result = resultOf(game);
      const minutes = 133 + (Number(id) % 17) + 19 * result.overtimes;
      known = {
        homeScore: result.home.points,
        awayScore: result.away.points,
        endsAt: startsAt + minutes * 60_000,
      };
    }
    return known;
  };
  return {
    id,
    boxScoreId: `${date.replaceAll('-', '')}_${away}_${home}`,
    date,
    home,
    away,
    startsAt,
    postponed,
    get endsAt() {
      return outcome(this).endsAt;
    },
    get homeScore() {
      return outcome(this).homeScore;
    },
    get awayScore() {
      return outcome(this).awayScore;
    },
  };
}

function indexOf(abbr: string): number {
  return teams.findIndex((team) => team.abbr === abbr);
}

type Strength = Omit<Side, 'players'>;

function strengthOf(random: Random): Strength {
  return { attack: normal(random, 0, 3), defence: normal(random, 0, 2.6), pace: normal(random, 0, 1.1) };
}

function sheetOf(
  team: Team,
  roster: readonly Player[],
  game: Game,
  absencesOf: (player: Player) => readonly Absence[],
  seed: number,
): TeamSheet {
  const random = stream(seed, 'nba sheet', game.id, team.abbr);
  const able: Player[] = [];
  const out: { player: Player; reason: string; late: boolean }[] = [];
  for (const player of roster) {
    const [resting, late] = [chance(random, 0.012), chance(random, 0.008)];
    const reason =
      reasonToMiss(absencesOf(player), player, game.date) ??
      (resting && player.depth < 5 ? 'Rest' : undefined) ??
      (late ? 'Injury/Illness - N/A; Illness' : undefined);
    if (reason === undefined) able.push(player);
    else out.push({ player, reason, late: late && reason.endsWith('Illness') });
  }
  // Nobody plays with fewer than nine: the least hurt dress.
  while (able.length < 9) able.push(out.splice(between(random, 0, out.length - 1), 1)[0]!.player);
  return { team, able: able.sort((a, b) => a.depth - b.depth), out };
}
