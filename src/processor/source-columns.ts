import { z } from 'zod';
import { ConfigurationError } from '../errors/index.ts';

type Unqualified<Table extends string> = Table extends `${string}.${infer Rest}` ? Unqualified<Rest> : Table;

/** The two columns that an output row has for each of its sources; the prefix is the table without its dataset. */
export type SourceColumns<Table extends string> = {
  readonly [T in Table as `source_${Unqualified<T>}_last_updated`]: string | null;
} & {
  readonly [T in Table as `source_${Unqualified<T>}_rows_found`]: number;
};

/** What a processor records of the tables that it reads. */
export interface SourceQuery<Table extends string> {
  /** One SELECT of one row with all the columns, to be joined to what is extracted; it wants the parameter `@date`. */
  readonly sql: string;
  /** The schema of that row. */
  readonly schema: z.ZodType<SourceColumns<Table>>;
  /** Only these columns, of a row that has more. */
  pick(row: SourceColumns<Table>): SourceColumns<Table>;
}

/**
 * The source columns of an output: how many rows of `@date` each table had, and how new the newest was
 * (`source_nbac_team_boxscore_rows_found`, `source_nbac_team_boxscore_last_updated`).
 *
 * @param tables `dataset.table` each, with a `processed_at` and a date column.
 * @param options `column`: the date column. Default: `game_date`. `newest`: for a table that is itself an output, the columns
 * of its rows (the first that is not null counts) that say how new their data was. Default: `processed_at`, which a mere
 * second computation would change.
 * @throws ConfigurationError for a name that is no table's, or for two tables with one prefix.
 */
export function sourceColumns<const Table extends string>(
  tables: readonly Table[],
  options: {
    readonly column?: string | undefined;
    readonly newest?: { readonly [T in Table]?: readonly [string, ...string[]] } | undefined;
  } = {},
): SourceQuery<Table> {
  const { column = 'game_date' } = options;
  const newest: { readonly [T in Table]?: readonly [string, ...string[]] } = options.newest ?? {};
  if (tables.length === 0) throw new ConfigurationError('sourceColumns.tables', 'at least one table', '[]');
  requireColumn('sourceColumns.column', column);
  const prefixes = tables.map(prefixOf);
  const twice = prefixes.find((prefix, index) => prefixes.indexOf(prefix) !== index);
  if (twice !== undefined) throw new ConfigurationError('sourceColumns.tables', 'each prefix once', twice);

  const counts = tables.map((table, index) => {
    const updated = newest[table] ?? ['processed_at'];
    for (const name of updated) requireColumn('sourceColumns.newest', name);
    const time = updated.length === 1 ? updated[0] : `COALESCE(${updated.join(', ')})`;
    return (
      `(SELECT MAX(${time}) AS ${prefixes[index]}_last_updated, COUNT(*) AS ${prefixes[index]}_rows_found ` +
      `FROM ${table} WHERE ${column} = @date) AS source_${index}`
    );
  });
  const columns = prefixes.flatMap((prefix) => [`${prefix}_last_updated`, `${prefix}_rows_found`]);
  const shape = Object.fromEntries(
    columns.map((name) => [
      name,
      name.endsWith('_rows_found') ? z.int().nonnegative() : z.string().nullable(),
    ]),
  );
  return {
    sql: `SELECT ${columns.join(', ')} FROM ${counts.join(' CROSS JOIN ')}`,
    // The keys are computed; the type says the same of them.
    schema: z.object(shape) as unknown as z.ZodType<SourceColumns<Table>>,
    pick(row) {
      const values = row as Readonly<Record<string, unknown>>;
      return Object.fromEntries(columns.map((name) => [name, values[name]])) as SourceColumns<Table>;
    },
  };
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;
const tableName = /^(?:[A-Za-z][A-Za-z0-9-]*\.)?[A-Za-z_][A-Za-z0-9_]*\.([A-Za-z_][A-Za-z0-9_]*)$/;

function requireColumn(field: string, value: string): void {
  if (!identifier.test(value)) throw new ConfigurationError(field, 'a column name', value);
}

function prefixOf(table: string): string {
  const name = tableName.exec(table)?.[1];
  if (name === undefined) {
    throw new ConfigurationError('sourceColumns.tables', "tables such as 'nba_raw.nbac_schedule'", table);
  }
  return `source_${name}`;
}
