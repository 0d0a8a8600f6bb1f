import { timestamp } from '../../days.ts';
import { chance, stream } from '../../random.ts';
import type { Row, Table } from '../../season.ts';
import type { MlbGame, MlbLeague } from '../league.ts';
import type { PitcherLine } from '../line.ts';

const minute = 60_000;

/** Everybody who pitched, from the league's own box scores: they land with the batters'. */
export const mlbapiPitcherStats: Table<MlbLeague> = {
  name: 'mlb_raw.mlbapi_pitcher_stats',
  rows: (league, date, at) =>
    league.playedOn(date).flatMap((game) => {
      if (at < game.startsAt) return [];
      const late = chance(stream(league.seed, 'mlbapi', game.id), 0.02);
      const landsAt = game.endsAt + (late ? 600 : 20) * minute;
      return landsAt > at ? [] : pitcherRows(league, game, timestamp(landsAt));
    }),
};

function pitcherRows(league: MlbLeague, game: MlbGame, processedAt: string): Row[] {
  const { home, away } = league.result(game);
  const row = (side: 'home' | 'away') => (line: PitcherLine) => ({
    game_pk: Number(game.id),
    game_date: game.date,
    player_lookup: line.player.lookup,
    player_name: line.player.name,
    team_abbr: side === 'home' ? game.home : game.away,
    opponent_abbr: side === 'home' ? game.away : game.home,
    home_away: side,
    is_starter: line.starter,
    innings_pitched: inningsOf(line.outs),
    pitch_count: line.pitches,
    strikeouts: line.strikeouts,
    walks: line.walks,
    hits: line.hits,
    home_runs: line.homeRuns,
    runs: line.runs,
    earned_runs: line.earnedRuns,
    processed_at: processedAt,
  });
  return [...home.pitchers.map(row('home')), ...away.pitchers.map(row('away'))];
}

/** Baseball writes six innings and one out as `6.1`. */
function inningsOf(outs: number): string {
  return `${Math.floor(outs / 3)}.${outs % 3}`;
}
