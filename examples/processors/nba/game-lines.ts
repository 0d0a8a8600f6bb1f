import type { CallOptions, DateRange, Run } from 'breakwater';
import { z } from 'zod';

const gameLine = z.object({
  game_id: z.string(),
  /** The home team's: below zero it is the favourite. */
  home_spread: z.number().nullable(),
  total: z.number().nullable(),
  updated: z.string().nullable(),
});
export type GameLine = z.infer<typeof gameLine>;

/** Spread and total of the date's games, each from DraftKings or, where it has none, from FanDuel: the latest snapshot. */
export function readGameLines(run: Run<DateRange>, call?: CallOptions): Promise<GameLine[]> {
  return run.bigquery.query(gameLines, {
    params: { date: run.date },
    types: { date: 'DATE' },
    schema: gameLine,
    ...call,
  });
}

/** The spread as the team has it. */
export function spreadOf(line: GameLine | undefined, home: boolean): number | null {
  const spread = line?.home_spread ?? null;
  return spread === null || home ? spread : -spread;
}

// Both sides of a market say the same, so one of them is read: the home team's spread, and what is over the total.
const gameLines = `
  WITH best AS (
    SELECT game_id, market_key, outcome_point, processed_at
    FROM nba_raw.odds_api_game_lines
    WHERE game_date = @date
      AND outcome_point IS NOT NULL
      AND bookmaker_key IN ('draftkings', 'fanduel')
      AND (
        (market_key = 'spreads' AND outcome_name = home_team)
        OR (market_key = 'totals' AND outcome_name = 'Over')
      )
    QUALIFY ROW_NUMBER() OVER (
      PARTITION BY game_id, market_key
      ORDER BY CASE bookmaker_key WHEN 'draftkings' THEN 0 ELSE 1 END, snapshot_timestamp DESC
    ) = 1
  )
  SELECT
    game_id,
    MAX(CASE WHEN market_key = 'spreads' THEN outcome_point END) AS home_spread,
    MAX(CASE WHEN market_key = 'totals' THEN outcome_point END) AS total,
    MAX(processed_at) AS updated
  FROM best
  GROUP BY game_id`;
