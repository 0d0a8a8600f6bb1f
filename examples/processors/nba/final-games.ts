import type { DateRange, Run, SourceQuery } from 'breakwater';
import { gameCode } from 'breakwater/upstream';
import { z } from 'zod';

/** A game of the date that is over. */
export interface FinalGame<Source> {
  /** As the box-score tables key it: `20250315_NYK_GSW`. */
  readonly gameId: string;
  readonly date: string;
  readonly home: string;
  readonly away: string;
  readonly homeScore: number | null;
  readonly awayScore: number | null;
  /** What the processor's source tables had for the date. */
  readonly sources: Source;
}

/** The date's final games, by their latest rows in the schedule, with the processor's source columns. */
export async function readFinalGames<Source extends object>(
  run: Run<DateRange>,
  sources: Pick<SourceQuery<never>, 'sql'> & {
    readonly schema: z.ZodType<Source>;
    pick(row: Source): Source;
  },
): Promise<FinalGame<Source>[]> {
  const games = await run.bigquery.query(finalGames(sources.sql), {
    params: { date: run.date },
    types: { date: 'DATE' },
    schema: z.intersection(gameRow, sources.schema),
  });
  return games.map((game) => ({
    gameId: gameCode(run.date, game.away_team_tricode, game.home_team_tricode),
    date: run.date,
    home: game.home_team_tricode,
    away: game.away_team_tricode,
    homeScore: game.home_team_score,
    awayScore: game.away_team_score,
    sources: sources.pick(game),
  }));
}

const gameRow = z.object({
  home_team_tricode: z.string(),
  away_team_tricode: z.string(),
  home_team_score: z.int().nullable(),
  away_team_score: z.int().nullable(),
});

const finalGames = (sources: string) => `
  WITH latest AS (
    SELECT game_id, game_status, is_all_star, home_team_tricode, away_team_tricode, home_team_score, away_team_score
    FROM nba_raw.nbac_schedule
    WHERE game_date = @date
    QUALIFY ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY processed_at DESC) = 1
  ),
  sources AS (${sources})
  SELECT latest.*, sources.*
  FROM latest CROSS JOIN sources
  WHERE latest.game_status = 3 AND NOT IFNULL(latest.is_all_star, FALSE)
  ORDER BY latest.game_id`;
