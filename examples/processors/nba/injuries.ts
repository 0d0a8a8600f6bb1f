import type { CallOptions, DateRange, Run } from 'breakwater';
import { z } from 'zod';

const injury = z.object({
  team: z.string(),
  player_lookup: z.string(),
  /** In lower case: `out`, `questionable` … */
  injury_status: z.string().nullable(),
  processed_at: z.string().nullable(),
});
export type Injury = z.infer<typeof injury>;

/** What the date's injury report says of each player, the latest of the day; empty when there was no report. */
export function readInjuries(run: Run<DateRange>, call?: CallOptions): Promise<Injury[]> {
  return run.bigquery.query(injuries, {
    params: { date: run.date },
    types: { date: 'DATE' },
    schema: injury,
    ...call,
  });
}

const injuries = `
  SELECT team, player_lookup, LOWER(injury_status) AS injury_status, processed_at
  FROM nba_raw.nbac_injury_report
  WHERE game_date = @date
  QUALIFY ROW_NUMBER() OVER (PARTITION BY player_lookup ORDER BY processed_at DESC) = 1`;
