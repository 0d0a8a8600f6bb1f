import {
  AnalyticsProcessorBase,
  type DateRange,
  defineProcessor,
  InvalidDataError,
  quality,
  type Run,
  sourceColumns,
} from 'breakwater';
import { rows, schedule } from 'breakwater/upstream';
import { z } from 'zod';
import { divide } from '../divide.ts';
import { outputRow } from '../output-row.ts';
import { type FinalGame, readFinalGames } from './final-games.ts';

const zoneSources = sourceColumns(['nba_raw.nbac_schedule', 'nba_raw.bigdataball_play_by_play']);
type ZoneGame = FinalGame<z.infer<typeof zoneSources.schema>>;

export interface ZoneDay {
  readonly games: readonly ZoneGame[];
  /** What each team shot, by zone. */
  readonly shots: readonly z.infer<typeof zoneShots>[];
}

/** Where each team's opponents shot from in the date's final games, and what went in. */
export class DefenseZoneAnalytics extends AnalyticsProcessorBase<ZoneDay, DefenseZoneRow> {
  static readonly processor = defineProcessor({
    name: 'DefenseZoneAnalyticsProcessor',
    sport: 'nba',
    timeout: '10m',
    output: 'nba_analytics.defense_zone_analytics',
    partition: 'game_date',
    key: ['game_date', 'team_abbr'],
  });
  static readonly requiredTables = [['nba_raw.nbac_schedule'], ['nba_raw.bigdataball_play_by_play']] as const;

  upstream(options: DateRange) {
    const games = schedule('nba_raw.nbac_schedule');
    return [
      games.final(options),
      rows('nba_raw.bigdataball_play_by_play')
        .forDates(options)
        .distinct('team')
        .atLeast({ rows: 2, per: games }),
    ];
  }

  protected async extract(run: Run<DateRange>): Promise<ZoneDay> {
    const [games, shots] = await Promise.all([
      readFinalGames(run, zoneSources),
      run.bigquery.query(shotsByZone, {
        params: { date: run.date },
        types: { date: 'DATE' },
        schema: zoneShots,
      }),
    ]);
    return { games, shots };
  }

  /** Refuses a game in which one of the teams has no shot. */
  protected override validate({ games, shots }: ZoneDay) {
    const shooting = new Set(shots.map(({ game_id, team }) => `${game_id}/${team}`));
    for (const { gameId, home, away } of games)
      for (const team of [home, away])
        if (!shooting.has(`${gameId}/${team}`))
          throw new InvalidDataError(`The play-by-play of ${gameId} has no shot of ${team}`);
  }

  protected transform({ games, shots }: ZoneDay, run: Run<DateRange>) {
    return games.flatMap((game) =>
      [true, false].map((home) => zoneRow(game, home, shots, run.clock.wallNow())),
    );
  }
}

export type DefenseZoneRow = ReturnType<typeof zoneRow>;

export function zoneRow(game: ZoneGame, home: boolean, shots: ZoneDay['shots'], processedAt: number) {
  const [team, opponent] = home ? [game.home, game.away] : [game.away, game.home];
  const zone = (name: string) =>
    shots.find((row) => row.game_id === game.gameId && row.team === opponent && row.zone === name) ?? none;
  const [three, rim, paint, mid] = ['three', 'rim', 'paint', 'mid'].map(zone) as [Zone, Zone, Zone, Zone];
  return outputRow(
    {
      game_date: game.date,
      team_abbr: team,
      game_id: game.gameId,
      opponent_team_abbr: opponent,
      home_game: home,
      three_pt_attempts_allowed: three.attempts,
      three_pt_makes_allowed: three.makes,
      three_pt_pct_allowed: divide(three.makes, three.attempts),
      rim_attempts_allowed: rim.attempts,
      rim_makes_allowed: rim.makes,
      rim_pct_allowed: divide(rim.makes, rim.attempts),
      paint_attempts_allowed: paint.attempts,
      paint_makes_allowed: paint.makes,
      paint_pct_allowed: divide(paint.makes, paint.attempts),
      mid_range_attempts_allowed: mid.attempts,
      mid_range_makes_allowed: mid.makes,
      mid_range_pct_allowed: divide(mid.makes, mid.attempts),
      rim_blocks: rim.blocks,
      rim_protection: divide(rim.blocks, rim.attempts),
    },
    // A game of which a side is missing was refused: nothing is incomplete here.
    { sources: game.sources, quality: quality({ sources: [] }), processedAt },
  );
}

type Zone = Pick<z.infer<typeof zoneShots>, 'attempts' | 'makes' | 'blocks'>;
const none: Zone = { attempts: 0, makes: 0, blocks: 0 };

const zoneShots = z.object({
  game_id: z.string(),
  team: z.string(),
  zone: z.string(),
  attempts: z.int(),
  makes: z.int(),
  blocks: z.int(),
});

// A two-pointer whose distance nobody wrote down is in no zone.
const shotsByZone = `
  WITH latest AS (
    SELECT game_id, team, shot_type, shot_distance, shot_made, block
    FROM nba_raw.bigdataball_play_by_play
    WHERE game_date = @date
    QUALIFY ROW_NUMBER() OVER (PARTITION BY game_id, event_sequence ORDER BY processed_at DESC) = 1
  ),
  shots AS (
    SELECT
      game_id,
      team,
      CASE
        WHEN shot_type = '3PT' THEN 'three'
        WHEN shot_distance <= 4 THEN 'rim'
        WHEN shot_distance <= 8 THEN 'paint'
        WHEN shot_distance IS NOT NULL THEN 'mid'
      END AS zone,
      shot_made,
      block
    FROM latest
    WHERE shot_type IN ('2PT', '3PT')
  )
  SELECT game_id, team, zone, COUNT(*) AS attempts, COUNTIF(shot_made) AS makes, COUNTIF(block IS NOT NULL) AS blocks
  FROM shots
  WHERE zone IS NOT NULL
  GROUP BY game_id, team, zone`;
