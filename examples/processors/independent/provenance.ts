import { createHash } from 'node:crypto';
import type { RawRow, RawTables } from './raw.ts';

/** The source columns: how many rows the tables had on a day, and how new the newest was. */
export function sources(raw: RawTables, date: string, tables: readonly string[], column = 'game_date') {
  const columns: Record<string, string | number | null> = {};
  for (const table of tables)
    Object.assign(
      columns,
      source(
        table.split('.')[1]!,
        (raw[table] ?? []).filter((row) => row[column] === date),
      ),
    );
  return columns;
}

/** The two columns of one source, from the rows that were read. */
export function source(prefix: string, rows: readonly RawRow[]) {
  const times = rows.map((row) => Date.parse(String(row.processed_at)));
  const newest = times.length === 0 ? null : new Date(times.reduce((a, b) => Math.max(a, b))).toISOString();
  return { [`source_${prefix}_last_updated`]: newest, [`source_${prefix}_rows_found`]: rows.length };
}

/** The quality columns of a score. */
export function graded(score: number) {
  const tier =
    score >= 95
      ? 'gold'
      : score >= 75
        ? 'silver'
        : score >= 50
          ? 'bronze'
          : score >= 25
            ? 'poor'
            : 'unusable';
  return { quality_score: score, quality_tier: tier, is_production_ready: score >= 50 };
}

/** The hash that a row should bear: of its own columns alone, sorted by name. */
export function hashOf(row: RawRow, own: readonly string[]): string {
  const text = `{${own
    .toSorted()
    .map((name) => `${JSON.stringify(name)}:${JSON.stringify(row[name])}`)
    .join(',')}}`;
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
