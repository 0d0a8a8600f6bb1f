import { between, type Random, stream, weighted } from '../../random.ts';
import type { Game, Row, Table } from '../../season.ts';
import type { NbaLeague } from '../league.ts';
import type { Shot } from '../play.ts';
import { landed } from './landing.ts';

/** Every shot of a game with its distance, an hour and a half after the end. Free throws have none. */
export const playByPlay: Table<NbaLeague> = {
  name: 'nba_raw.bigdataball_play_by_play',
  rows: (league, date, at) =>
    landed(league.playedOn(date), at, 90, (game, processedAt) => {
      const random = stream(league.seed, 'nba distances', game.id);
      return league.result(game).shots.map((shot, index) => shotRow(game, shot, index, random, processedAt));
    }),
};

function shotRow(game: Game, shot: Shot, index: number, random: Random, processedAt: string): Row {
  return {
    game_id: game.boxScoreId,
    nba_game_id: game.id,
    game_date: game.date,
    event_sequence: index + 1,
    period: periodOf(shot.second),
    event_type: shot.kind === 'FT' ? 'free throw' : 'shot',
    team: shot.atHome ? game.home : game.away,
    home_team_abbr: game.home,
    away_team_abbr: game.away,
    player_lookup: shot.by.lookup,
    shot_type: shot.kind,
    shot_distance: distanceOf(shot, random),
    shot_made: shot.made,
    block: shot.blockedBy?.name ?? null,
    processed_at: processedAt,
  };
}

function periodOf(second: number): number {
  return second <= 2880 ? Math.max(1, Math.ceil(second / 720)) : 4 + Math.ceil((second - 2880) / 300);
}

// Of two-pointers about 45 % are taken at the rim, 20 % in the paint, the rest from mid-range; 67, 45 and 42 % of them go in.
const places = [
  { feet: [0, 4], made: 0.56, missed: 0.265, blocked: 0.55 },
  { feet: [5, 8], made: 0.167, missed: 0.2225, blocked: 0.3 },
  { feet: [9, 21], made: 0.273, missed: 0.5125, blocked: 0.15 },
] as const;

/** Feet from the basket, as it fits what became of the shot. */
function distanceOf({ kind, made, blockedBy }: Shot, random: Random): number | null {
  if (kind === 'FT') return null;
  if (kind === '3PT') return Math.min(between(random, 22, 29), between(random, 23, 31));
  const outcome = blockedBy !== null ? 'blocked' : made ? 'made' : 'missed';
  const [low, high] = weighted(random, places, (place) => place[outcome]).feet;
  return between(random, low, high);
}
