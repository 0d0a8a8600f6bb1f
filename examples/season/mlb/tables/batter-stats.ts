import { timestamp } from '../../days.ts';
import { chance, stream } from '../../random.ts';
import type { Row, Table } from '../../season.ts';
import type { MlbGame, MlbLeague } from '../league.ts';
import type { BatterLine } from '../line.ts';

const minute = 60_000;

/** The league's own box scores: twenty minutes after the end, of a few games only the next morning. */
export const mlbapiBatterStats: Table<MlbLeague> = {
  name: 'mlb_raw.mlbapi_batter_stats',
  rows: (league, date, at) =>
    league.playedOn(date).flatMap((game) => {
      if (at < game.startsAt) return [];
      const late = chance(stream(league.seed, 'mlbapi', game.id), 0.02);
      const landsAt = game.endsAt + (late ? 600 : 20) * minute;
      return landsAt > at ? [] : batterRows(league, game, (line) => line, {}, landsAt);
    }),
};

/** The second source: it has games while they run, and one in a hundred never. */
export const bdlBatterStats: Table<MlbLeague> = {
  name: 'mlb_raw.bdl_batter_stats',
  rows: (league, date, at) =>
    league.playedOn(date).flatMap((game) => {
      if (at < game.startsAt || chance(stream(league.seed, 'bdl', game.id), 0.01)) return [];
      const endsAt = game.endsAt + 8 * minute;
      if (at >= endsAt)
        return batterRows(league, game, (line) => line, { game_status: 'STATUS_FINAL' }, endsAt);
      const readAt = game.startsAt + Math.floor((at - game.startsAt) / (15 * minute)) * 15 * minute;
      const played = (readAt - game.startsAt) / (endsAt - game.startsAt);
      return batterRows(
        league,
        game,
        (line) => partOf(line, played),
        { game_status: 'STATUS_IN_PROGRESS' },
        readAt,
      );
    }),
};

function batterRows(
  league: MlbLeague,
  game: MlbGame,
  seen: (line: BatterLine) => BatterLine,
  status: { readonly game_status?: string },
  readAt: number,
): Row[] {
  const result = league.result(game);
  const row = (side: 'home' | 'away') => (line: BatterLine) => {
    const { player, order, strikeouts, atBats, hits, walks, homeRuns, rbis, runs } = seen(line);
    return {
      game_pk: Number(game.id),
      game_date: game.date,
      ...status,
      player_lookup: player.lookup,
      player_name: player.name,
      team_abbr: side === 'home' ? game.home : game.away,
      opponent_abbr: side === 'home' ? game.away : game.home,
      home_away: side,
      batting_order: order,
      strikeouts,
      at_bats: atBats,
      hits,
      walks,
      home_runs: homeRuns,
      rbis,
      runs,
      processed_at: timestamp(readAt),
    };
  };
  return [...result.home.batters.map(row('home')), ...result.away.batters.map(row('away'))];
}

function partOf(line: BatterLine, share: number): BatterLine {
  const { player, order, ...counts } = line;
  const parts = Object.fromEntries(
    Object.entries(counts).map(([name, count]) => [name, Math.floor(count * share)]),
  );
  return { player, order, ...(parts as typeof counts) };
}
