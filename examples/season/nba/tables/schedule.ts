import { addDays, eastern, easternMinutes, timestamp } from '../../days.ts';
import { between, pick, stream } from '../../random.ts';
import type { Game, Row, Table } from '../../season.ts';
import type { NbaLeague } from '../league.ts';
import { teams } from '../teams.ts';

/**
 * One row a game and day that it was set for: a game put off leaves a `PPD` row on its first day and has the same id on its new
 * one. The all-star games are in it too, as in the league's own. `game_date_est` is New York's clock with a Z, as in the source.
 */
export const schedule: Table<NbaLeague> = {
  name: 'nba_raw.nbac_schedule',
  rows(league, date, at) {
    return [
      ...league
        .playedOn(date)
        .map((game) => playedRow(league, game, at))
        .filter((row) => row !== undefined),
      ...league.movedFrom(date).map((game) => movedRow(league, game, at)),
      ...allStarRows(league, date, at),
    ].sort((a, b) => (String(a.game_id) < String(b.game_id) ? -1 : 1));
  },
};

const hour = 3_600_000;

/** Undefined while the game is still set for another day. */
function playedRow(league: NbaLeague, game: Game, at: number): Row | undefined {
  const { postponed, startsAt } = game;
  if (postponed !== null && at < postponed.announcedAt) return undefined;
  const base = identity(league, game, game.date, startsAt);
  if (at < startsAt) {
    const read = Math.max(hourly(at), postponed === null ? 0 : postponed.announcedAt + 60_000);
    return row(base, scheduled, read);
  }
  if (at < game.endsAt) {
    const played = (at - startsAt) / (game.endsAt - startsAt);
    const score = { home: Math.floor(game.homeScore * played), away: Math.floor(game.awayScore * played) };
    const read = startsAt + Math.floor((at - startsAt) / 300_000) * 300_000;
    return row(base, { status: 2, text: 'In Progress', ...score, winner: null }, read);
  }
  return row(base, final(game.home, game.away, game.homeScore, game.awayScore), game.endsAt);
}

function movedRow(league: NbaLeague, game: Game, at: number): Row {
  const { date, startsAt, announcedAt } = game.postponed!;
  const base = identity(league, game, date, startsAt);
  return at < announcedAt
    ? row(base, scheduled, hourly(at))
    : row(base, { ...scheduled, text: 'PPD' }, announcedAt);
}

/** Three short games on the Sunday of the break, of teams that play no others. */
function allStarRows(league: NbaLeague, date: string, at: number): Row[] {
  const sunday = addDays(league.allStarBreak, 2);
  if (date !== sunday || sunday > league.endDate) return [];
  const random = stream(league.seed, 'nba all-star');
  const { arena } = pick(random, teams);
  return (
    [
      ['WLD', 'STR', 11],
      ['STR', 'STP', 21],
      ['WLD', 'STP', 31],
    ] as const
  ).map(([away, home, number], index) => {
    const startsAt = eastern(date, 17 * 60 + index * 50);
    const [low, high] = [between(random, 24, 39), between(random, 40, 44)];
    const [homeScore, awayScore] = index === 1 ? [high, low] : [low, high];
    const base = {
      game_id: `003${seasonOf(league).slice(2)}${String(number).padStart(5, '0')}`,
      game_code: `${date.replaceAll('-', '')}/${away}${home}`,
      ...when(league, date, startsAt),
      teams: { home, away },
      is_all_star: true,
      arena_name: arena,
    };
    if (at < startsAt) return row(base, scheduled, hourly(at));
    const endsAt = startsAt + 45 * 60_000;
    return at < endsAt
      ? row(base, { status: 2, text: 'In Progress', home: 0, away: 0, winner: null }, startsAt)
      : row(base, final(home, away, homeScore, awayScore), endsAt);
  });
}

interface State {
  readonly status: 1 | 2 | 3;
  readonly text: string;
  readonly home: number | null;
  readonly away: number | null;
  readonly winner: string | null;
}

const scheduled: State = { status: 1, text: 'Scheduled', home: null, away: null, winner: null };

function final(home: string, away: string, homeScore: number, awayScore: number): State {
  const winner = homeScore > awayScore ? home : away;
  return { status: 3, text: 'Final', home: homeScore, away: awayScore, winner };
}

function identity(league: NbaLeague, { id, home, away }: Game, date: string, startsAt: number) {
  return {
    game_id: id,
    game_code: `${date.replaceAll('-', '')}/${away}${home}`,
    ...when(league, date, startsAt),
    teams: { home, away },
    is_all_star: false,
    arena_name: teams.find(({ abbr }) => abbr === home)!.arena,
  };
}

function when(league: NbaLeague, date: string, startsAt: number) {
  return {
    season_year: Number(seasonOf(league)),
    game_date: date,
    game_date_est: timestamp(Date.parse(date) + easternMinutes(date, startsAt) * 60_000),
  };
}

function row(base: ReturnType<typeof identity>, state: State, readAt: number): Row {
  const { game_id, game_code, season_year, game_date, game_date_est, is_all_star, arena_name } = base;
  return {
    game_id,
    game_code,
    season_year,
    game_date,
    game_date_est,
    game_status: state.status,
    game_status_text: state.text,
    home_team_tricode: base.teams.home,
    away_team_tricode: base.teams.away,
    home_team_score: state.home,
    away_team_score: state.away,
    winning_team_tricode: state.winner,
    is_regular_season: !is_all_star,
    is_all_star,
    arena_name,
    processed_at: timestamp(readAt),
  };
}

const seasonOf = (league: NbaLeague) => league.startDate.slice(0, 4);
const hourly = (at: number) => Math.floor(at / hour) * hour;
