type Row = Readonly<Record<string, unknown>>;

/**
 * How the rows differ from the expected ones, a line each: by key, numbers to 1e-6, everything else exactly. Columns that are
 * not expected are not looked at.
 */
export function differences(
  actual: readonly Row[],
  expected: readonly Row[],
  key: readonly string[],
): readonly string[] {
  const keyOf = (row: Row) => key.map((column) => row[column]).join(' ');
  const byKey = new Map(actual.map((row) => [keyOf(row), row]));
  const wanted = new Set(expected.map(keyOf));
  const lines = [...byKey.keys()].filter((name) => !wanted.has(name)).map((name) => `${name}: not expected`);
  if (byKey.size < actual.length) lines.push(`${actual.length - byKey.size} rows have the key of another`);
  for (const row of expected) {
    const found = byKey.get(keyOf(row));
    if (found === undefined) {
      lines.push(`${keyOf(row)}: missing`);
      continue;
    }
    for (const [column, value] of Object.entries(row))
      if (!isSame(found[column], value))
        lines.push(`${keyOf(row)}: ${column} is ${found[column]}, expected ${value}`);
  }
  return lines;
}

function isSame(given: unknown, wanted: unknown): boolean {
  if (typeof given !== 'number' || typeof wanted !== 'number') return given === wanted;
  return Math.abs(given - wanted) <= 1e-6;
}
