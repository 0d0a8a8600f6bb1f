import type { DateRange } from 'breakwater';
import { anyOf, rows, schedule, type UpstreamCheck } from 'breakwater/upstream';

/** What both team processors wait for: the date's games over, and both teams' numbers for each of them. */
export function teamUpstream(options: DateRange): readonly UpstreamCheck[] {
  const games = schedule('nba_raw.nbac_schedule');
  return [
    games.final(options),
    // Two teams, not two rows: a box score that was read twice is not a game.
    anyOf(
      rows('nba_raw.nbac_team_boxscore')
        .forDates(options)
        .distinct('team_abbr')
        .atLeast({ rows: 2, per: games }),
      rows('nba_raw.nbac_gamebook_player_stats')
        .where({ player_status: 'active' })
        .forDates(options)
        .distinct('team_abbr')
        .atLeast({ rows: 2, per: games }),
    ),
  ];
}

/** The tables without which they have nothing to do; of alternatives one is enough. */
export const teamTables = [
  ['nba_raw.nbac_schedule'],
  ['nba_raw.nbac_team_boxscore', 'nba_raw.nbac_gamebook_player_stats'],
] as const;
