import { timestamp } from '../../days.ts';
import type { Row, Table } from '../../season.ts';
import type { MlbGame, MlbLeague } from '../league.ts';

/** One row a game and day that it was set for: a game put off leaves a `Postponed` row and keeps its number on the new day. */
export const schedule: Table<MlbLeague> = {
  name: 'mlb_raw.mlb_schedule',
  rows(league, date, at) {
    return [
      ...league
        .playedOn(date)
        .map((game) => playedRow(game, at))
        .filter((row) => row !== undefined),
      ...league.movedFrom(date).map((game) => movedRow(game, at)),
    ].sort((a, b) => Number(a.game_pk) - Number(b.game_pk));
  },
};

const hour = 3_600_000;
const hourly = (at: number) => Math.floor(at / hour) * hour;

/** Undefined while the game is still set for another day. */
function playedRow(game: MlbGame, at: number): Row | undefined {
  const { postponed, startsAt } = game;
  if (postponed !== null && at < postponed.announcedAt) return undefined;
  if (at < startsAt) {
    const read = Math.max(hourly(at), postponed === null ? 0 : postponed.announcedAt + 60_000);
    return row(game, game.date, game.number, 'Scheduled', read);
  }
  if (at < game.endsAt) return row(game, game.date, game.number, 'In Progress', startsAt);
  return row(game, game.date, game.number, game.innings < 9 ? 'Completed Early' : 'Final', game.endsAt);
}

function movedRow(game: MlbGame, at: number): Row {
  const { date, announcedAt } = game.postponed!;
  return at < announcedAt
    ? row(game, date, 1, 'Scheduled', hourly(at))
    : row(game, date, 1, 'Postponed', announcedAt);
}

function row(game: MlbGame, date: string, number: number, status: string, readAt: number): Row {
  return {
    game_pk: Number(game.id),
    game_date: date,
    status_detailed: status,
    game_number: number,
    home_team_abbr: game.home,
    away_team_abbr: game.away,
    processed_at: timestamp(readAt),
  };
}
