import type { Context } from 'breakwater';
import { addDays } from '../dates.ts';
import { createTables } from '../schemas/index.ts';
import type { Season } from '../season/index.ts';

export interface LoadedTable {
  readonly table: string;
  /** Undefined for a table that was there already. */
  readonly rows: number | undefined;
}

/**
 * Loads all raw tables of a season's days, and of the day before the first: rosters are compared with it. Each table is loaded
 * whole or not at all; one that an earlier call has loaded is left as it is.
 */
export async function loadSeason(
  { bigquery, storage }: Pick<Context, 'bigquery' | 'storage'>,
  season: Season,
  days: readonly string[],
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly on?: ((table: LoadedTable) => void) | undefined;
  } = {},
): Promise<void> {
  const { signal, on } = options;
  await createTables(bigquery, { signal });
  const first = season.dates.indexOf(days[0]!);
  const read = [season.dates[first - 1] ?? addDays(days[0]!, -1), ...days];
  const contents = `seed ${season.seed}, ${days[0]} to ${days.at(-1)}\n`;
  for (const table of season.tables) {
    const marker = `backfill/loaded/${table}`;
    const found = await storage.read(marker, { signal });
    const known = found && new TextDecoder().decode(found.data);
    if (known === contents) {
      on?.({ table, rows: undefined });
      continue;
    }
    const { rows } = await bigquery.load(table, lines(season, table, read), {
      mode: 'truncate',
      source: table,
      timeout: '30m',
      signal,
    });
    await storage.save(marker, contents, { signal });
    on?.({ table, rows });
  }
}

/** A day at a time, so that a season is never in memory whole. */
async function* lines(season: Season, table: string, days: readonly string[]): AsyncGenerator<string> {
  for (const day of days)
    yield season
      .rows(table, day)
      .map((row) => `${JSON.stringify(row)}\n`)
      .join('');
}
