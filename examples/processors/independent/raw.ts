// An independent calculation shares no code with the processors and no SQL: only the raw rows and the rules.

export type RawRow = Readonly<Record<string, string | number | boolean | null>>;
export type RawTables = Readonly<Record<string, readonly RawRow[]>>;

export function num(row: RawRow, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw new Error(`${column} is ${value}, not a number`);
  return value;
}

export function str(row: RawRow, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new Error(`${column} is ${value}, not a string`);
  return value;
}

/** The newest row of each group, in the order in which groups first appear. */
export function newest(rows: readonly RawRow[], columns: readonly string[]): RawRow[] {
  const found: Record<string, RawRow> = {};
  for (const row of rows) {
    const key = JSON.stringify(columns.map((column) => row[column]));
    const before = found[key];
    if (
      before === undefined ||
      Date.parse(str(row, 'processed_at')) > Date.parse(str(before, 'processed_at'))
    )
      found[key] = row;
  }
  return Object.values(found);
}
