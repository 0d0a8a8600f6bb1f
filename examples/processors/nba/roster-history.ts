import {
  AnalyticsProcessorBase,
  type DateRange,
  defineProcessor,
  InvalidDataError,
  type Run,
} from 'breakwater';
import { snapshot } from 'breakwater/upstream';
import { z } from 'zod';
import { addDays, daysBetween } from '../../dates.ts';
import { rosterChanges, type RosterChange } from './roster-changes.ts';

export interface RosterDays {
  readonly before: readonly RosterPlayer[];
  readonly on: readonly RosterPlayer[];
  readonly movements: readonly Movement[];
}

/** Who came, went, changed teams, number or status from the day before to the date. */
export class RosterHistory extends AnalyticsProcessorBase<RosterDays, RosterHistoryRow> {
  static readonly processor = defineProcessor({
    name: 'RosterHistoryProcessor',
    sport: 'nba',
    timeout: '10m',
    output: 'nba_analytics.roster_history',
    partition: 'change_date',
    key: ['change_date', 'player_lookup', 'team_abbr', 'change_type'],
  });
  static readonly requiredTables = [['nba_raw.espn_team_rosters']] as const;

  /** A snapshot that is missing must never look like thirty teams that let everybody go: all teams, on both days. */
  upstream({ startDate, endDate }: DateRange) {
    const days = daysBetween(startDate, endDate) + 2;
    return Array.from({ length: days }, (_, day) =>
      snapshot('nba_raw.espn_team_rosters', {
        on: addDays(startDate, day - 1),
        date: 'roster_date',
        distinct: 'team_abbr',
        count: teams,
      }),
    );
  }

  protected async extract(run: Run<DateRange>): Promise<RosterDays> {
    const before = addDays(run.date, -1);
    const [players, movements] = await Promise.all([
      run.bigquery.query(rosters, {
        params: { before, date: run.date },
        types: { before: 'DATE', date: 'DATE' },
        schema: rosterPlayer,
      }),
      run.bigquery.query(recentMovements, {
        params: { first: addDays(run.date, -2), date: run.date },
        types: { first: 'DATE', date: 'DATE' },
        schema: movement,
      }),
    ]);
    return {
      before: players.filter(({ roster_date }) => roster_date === before),
      on: players.filter(({ roster_date }) => roster_date === run.date),
      movements,
    };
  }

  /** Refuses a roster of which a part is missing. */
  protected override validate({ before, on }: RosterDays) {
    for (const day of [before, on]) {
      const byTeam = Map.groupBy(day, ({ team_abbr }) => team_abbr);
      if (byTeam.size < teams)
        throw new InvalidDataError(`Rosters of ${byTeam.size} teams were found on a day, wanted ${teams}`);
      for (const [team, { length }] of byTeam)
        if (length < fewestPlayers)
          throw new InvalidDataError(`A roster of ${team} has ${length} players, below ${fewestPlayers}`);
    }
  }

  protected transform(days: RosterDays, run: Run<DateRange>) {
    const processedAt = new Date(run.clock.wallNow()).toISOString();
    return rosterChanges(days).map((change) => historyRow(change, run.date, processedAt));
  }
}

export type RosterHistoryRow = ReturnType<typeof historyRow>;

const teams = 30;
/** Teams have thirteen and more; a roster below ten is one that was not read to its end. */
const fewestPlayers = 10;

function historyRow(change: RosterChange, date: string, processedAt: string) {
  return { change_date: date, ...change, processed_at: processedAt };
}

const rosterPlayer = z.object({
  roster_date: z.string(),
  team_abbr: z.string(),
  player_lookup: z.string(),
  player_full_name: z.string().nullable(),
  jersey_number: z.string().nullable(),
  status: z.string().nullable(),
});
export type RosterPlayer = z.infer<typeof rosterPlayer>;

const movement = z.object({
  player_lookup: z.string(),
  transaction_type: z.string().nullable(),
  transaction_description: z.string().nullable(),
});
export type Movement = z.infer<typeof movement>;

// A roster is read whole: of a day's readings of a team the last is it, whoever was in an earlier one.
const rosters = `
  WITH latest AS (
    SELECT roster_date, team_abbr, player_lookup, player_full_name, jersey_number, status, processed_at
    FROM nba_raw.espn_team_rosters
    WHERE roster_date IN (@before, @date)
    QUALIFY RANK() OVER (PARTITION BY roster_date, team_abbr ORDER BY scrape_hour DESC) = 1
  )
  SELECT roster_date, team_abbr, player_lookup, player_full_name, jersey_number, status
  FROM latest
  QUALIFY ROW_NUMBER() OVER (PARTITION BY roster_date, team_abbr, player_lookup ORDER BY processed_at DESC) = 1
  ORDER BY player_lookup, team_abbr`;

const recentMovements = `
  SELECT
    REPLACE(player_slug, '-', '') AS player_lookup,
    transaction_type,
    transaction_description
  FROM nba_raw.nbac_player_movement
  WHERE transaction_date BETWEEN @first AND @date AND player_slug IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY player_slug
    ORDER BY transaction_date DESC, transaction_type, transaction_description
  ) = 1`;
