import { type Partition, tableParts } from '../../clients/index.ts';
import { type Column, columnOf } from './columns.ts';
import type { Session } from './connections.ts';
import { notFound } from './duck-errors.ts';

/** A table to write to. */
export interface Table {
  /** As the caller named it. */
  readonly given: string;
  /** Quoted, with its dataset. */
  readonly name: string;
  /** The table of its fences, quoted. */
  readonly fence: string;
  /** The table of its inserts' ids, quoted. */
  readonly inserts: string;
  readonly columns: readonly Column[];
}

/** So many rows go in at once. */
export const batchSize = 5_000;

/**
 * Finds the table and its columns.
 *
 * @throws ConfigurationError for what is no table's name; ServiceError `notFound`.
 */
export async function tableOf(session: Session, given: string): Promise<Table> {
  const { dataset, table: name } = tableParts(given);
  const found = await session.rows(
    'SELECT column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = $dataset AND table_name = $name ORDER BY ordinal_position',
    { dataset, name },
  );
  if (found.length === 0) throw notFound(given);
  return {
    given,
    name: `${quoted(dataset)}.${quoted(name)}`,
    fence: `${quoted(dataset)}.${quoted(`${name}_fence`)}`,
    inserts: `${quoted(dataset)}.${quoted(`${name}_inserts`)}`,
    columns: found.map(([column, type, nullable]) =>
      columnOf(String(column), String(type), nullable === 'YES'),
    ),
  };
}

/** Rows go in as one JSON parameter a batch; their values were checked against the columns. */
export async function append(
  session: Session,
  table: Table,
  rows: readonly Record<string, unknown>[],
): Promise<void> {
  const structure = JSON.stringify([
    Object.fromEntries(table.columns.map(({ name, repeated }) => [name, repeated ? ['VARCHAR'] : 'VARCHAR'])),
  ]).replaceAll("'", "''");
  const columns = table.columns.map(({ name }) => quoted(name)).join(', ');
  const values = table.columns.map(({ name, duck }) => `CAST(r.${quoted(name)} AS ${duck})`).join(', ');
  const sql = `INSERT INTO ${table.name} (${columns}) SELECT ${values} FROM (SELECT unnest(from_json($rows, '${structure}')) AS r)`;
  for (let start = 0; start < rows.length; start += batchSize) {
    await session.run(sql, { rows: JSON.stringify(rows.slice(start, start + batchSize)) });
  }
}

/** Counted again, as the table holds them: what was written is what is there. */
export async function counted(
  session: Session,
  table: Table,
  partition: Partition,
  wanted: number,
): Promise<number> {
  const [row] = await session.rows(
    `SELECT count(*) FROM ${table.name} WHERE ${quoted(partition.column)} = CAST($partition AS DATE)`,
    { partition: partition.value },
  );
  const found = Number(row?.[0]);
  if (found !== wanted)
    throw new Error(`${table.given} has ${found} rows in ${partition.value} after ${wanted} were written`);
  return found;
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
