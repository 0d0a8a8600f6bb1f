import { addDays } from '../../dates.ts';
import { generateSeason, type Season } from '../../season/index.ts';
import type { RawRow } from '../independent/raw.ts';

/** A generated season's first days, all its tables; the day before opening day has rosters already. */
export function seasonDays(
  sport: Season['sport'],
  days: number,
): { readonly dates: readonly string[]; readonly raw: Record<string, RawRow[]> } {
  const season = generateSeason({ seed: 7, sport });
  const dates = season.dates.slice(0, days);
  const read = [addDays(dates[0]!, -1), ...dates];
  return {
    dates,
    raw: Object.fromEntries(
      season.tables.map((table) => [table, read.flatMap((date) => [...season.rows(table, date)])]),
    ),
  };
}
