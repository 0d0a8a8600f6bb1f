import type { CallOptions, DateRange, Run } from 'breakwater';
import { z } from 'zod';

const pointsLine = z.object({
  player_lookup: z.string(),
  points_line: z.number(),
  processed_at: z.string().nullable(),
});

/** The points that bookmakers expect of the date's players: DraftKings' line, else FanDuel's, else another's, the latest. */
export function readPointsLines(run: Run<DateRange>, call?: CallOptions) {
  return run.bigquery.query(pointsLines, {
    params: { date: run.date },
    types: { date: 'DATE' },
    schema: pointsLine,
    ...call,
  });
}

const pointsLines = `
  SELECT player_lookup, points_line, processed_at
  FROM nba_raw.odds_api_player_points_props
  WHERE game_date = @date AND points_line IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY player_lookup
    ORDER BY
      CASE LOWER(bookmaker) WHEN 'draftkings' THEN 0 WHEN 'fanduel' THEN 1 ELSE 2 END,
      processed_at DESC,
      bookmaker
  ) = 1`;
