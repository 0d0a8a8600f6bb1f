import { expect } from 'vitest';

type Row = Readonly<Record<string, unknown>>;

/** Compares row for row by key: numbers to 1e-6, everything else exactly; every expected column must be there. */
export function expectRows(actual: readonly Row[], expected: readonly Row[], key: readonly string[]): void {
  const keyOf = (row: Row) => key.map((column) => row[column]).join(' ');
  expect(actual.map(keyOf).sort()).toEqual(expected.map(keyOf).sort());
  const byKey = new Map(actual.map((row) => [keyOf(row), row]));
  for (const row of expected) {
    const found = byKey.get(keyOf(row))!;
    for (const [column, value] of Object.entries(row)) {
      const where = `${column} of ${keyOf(row)}`;
      const given = found[column];
      if (typeof value !== 'number' || typeof given !== 'number') expect(given, where).toEqual(value);
      else expect(Math.abs(given - value), `${where}: ${given}, expected ${value}`).toBeLessThanOrEqual(1e-6);
    }
  }
}

/** Rows without the time at which they were made. */
export function timeless(rows: readonly Row[]): Row[] {
  return rows.map(({ processed_at: _, ...row }) => row);
}
