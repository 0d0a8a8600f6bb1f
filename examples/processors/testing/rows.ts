import { expect } from 'vitest';
import { differences } from '../independent/compare.ts';

type Row = Readonly<Record<string, unknown>>;

/** Compares row for row by key: numbers to 1e-6, everything else exactly; every expected column must be there. */
export function expectRows(actual: readonly Row[], expected: readonly Row[], key: readonly string[]): void {
  expect(differences(actual, expected, key)).toEqual([]);
}

/** Rows without the time at which they were made. */
export function timeless(rows: readonly Row[]): Row[] {
  return rows.map(({ processed_at: _, ...row }) => row);
}
