import type { CallOptions, DateRange, Run } from 'breakwater';
import { gameCode } from 'breakwater/upstream';
import { z } from 'zod';
import { addDays } from '../../dates.ts';

/** A game that is played or to be played; postponed and cancelled ones and those of stars are none. */
export interface CalendarGame {
  /** As the box-score tables key it. */
  readonly gameId: string;
  readonly date: string;
  readonly home: string;
  readonly away: string;
  /** By how much the home team won; null before the end. */
  readonly margin: number | null;
  readonly updated: string | null;
}

/** The games from some days before the run's date to some after it, by their latest rows. */
export async function readCalendar(
  run: Run<DateRange>,
  { before, after }: { readonly before: number; readonly after: number },
  call?: CallOptions,
): Promise<CalendarGame[]> {
  const games = await run.bigquery.query(calendar, {
    params: { first: addDays(run.date, -before), last: addDays(run.date, after) },
    types: { first: 'DATE', last: 'DATE' },
    schema: gameRow,
    ...call,
  });
  return games.map((game) => ({
    gameId: gameCode(game.game_date, game.away_team_tricode, game.home_team_tricode),
    date: game.game_date,
    home: game.home_team_tricode,
    away: game.away_team_tricode,
    margin: marginOf(game),
    updated: game.processed_at,
  }));
}

const gameRow = z.object({
  game_date: z.string(),
  game_status: z.int().nullable(),
  home_team_tricode: z.string(),
  away_team_tricode: z.string(),
  home_team_score: z.int().nullable(),
  away_team_score: z.int().nullable(),
  processed_at: z.string().nullable(),
});

function marginOf({ game_status, home_team_score, away_team_score }: z.infer<typeof gameRow>): number | null {
  if (game_status !== 3 || home_team_score === null || away_team_score === null) return null;
  return home_team_score - away_team_score;
}

/**
 * The games of some days as SQL, all columns of the schedule. The newest row of a game counts wherever it has moved to, so the
 * days are chosen after it.
 */
export function gamesBetween(first: string, last: string): string {
  const text = "UPPER(IFNULL(game_status_text, ''))";
  return `
  SELECT *
  FROM (
    SELECT *
    FROM nba_raw.nbac_schedule
    QUALIFY ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY processed_at DESC) = 1
  ) AS latest
  WHERE game_date BETWEEN ${first} AND ${last}
    AND NOT IFNULL(is_all_star, FALSE)
    AND NOT (STARTS_WITH(${text}, 'PPD') OR STARTS_WITH(${text}, 'POSTPONED') OR STARTS_WITH(${text}, 'CANCEL'))`;
}

const calendar = `
  SELECT game_date, game_status, home_team_tricode, away_team_tricode, home_team_score, away_team_score, processed_at
  FROM (${gamesBetween('@first', '@last')}) AS games
  ORDER BY game_date, game_id`;
