import { defenseZones, rosterHistory, upcomingPlayers, upcomingTeams } from './contexts.ts';
import { batterGames, pitcherGames } from './mlb.ts';
import { playerGames, teamDefense, teamOffense } from './nba.ts';
import { graded, source, sources } from './provenance.ts';
import type { RawTables } from './raw.ts';

const book = 'nba_raw.nbac_gamebook_player_stats';
const box = 'nba_raw.nbac_team_boxscore';
const schedule = 'nba_raw.nbac_schedule';

type Rows = readonly Readonly<Record<string, unknown>>[];

/** All columns of every output's rows on a day, from raw tables in which no first source is missing. By output. */
export const independentOutputs: Readonly<Record<string, (raw: RawTables, date: string) => Rows>> = {
  'nba_analytics.team_offense_game_summary': (raw, date) =>
    whole(teamOffense(raw, date), sources(raw, date, [schedule, box, book])),
  'nba_analytics.team_defense_game_summary': (raw, date) =>
    whole(teamDefense(raw, date), sources(raw, date, [schedule, box, book])),
  'nba_analytics.player_game_summary': (raw, date) =>
    whole(playerGames(raw, date), {
      ...sources(raw, date, [
        schedule,
        book,
        'nba_raw.nbac_player_boxscores',
        'nba_raw.odds_api_player_points_props',
      ]),
      // As new as the box scores that the teams were computed from.
      ...source(
        'team_offense_game_summary',
        (raw[box] ?? []).filter((row) => row.game_date === date),
      ),
    }),
  'nba_analytics.defense_zone_analytics': defenseZones,
  'nba_analytics.upcoming_team_game_context': upcomingTeams,
  'nba_analytics.upcoming_player_game_context': upcomingPlayers,
  'nba_analytics.roster_history': rosterHistory,
  'mlb_analytics.batter_game_summary': (raw, date) =>
    whole(
      batterGames(raw, date),
      sources(raw, date, ['mlb_raw.mlb_schedule', 'mlb_raw.mlbapi_batter_stats', 'mlb_raw.bdl_batter_stats']),
    ),
  'mlb_analytics.pitcher_game_summary': pitcherGames,
};

function whole(rows: Rows, provenance: object): Rows {
  return rows.map((row) => ({ ...row, ...provenance, ...graded(100) }));
}
