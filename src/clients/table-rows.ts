import { ConfigurationError, InvalidDataError } from '../errors/index.ts';
import type { Partition } from './bigquery.ts';
import { isDay } from './table-writes.ts';

/** A column of a table. */
export interface TableColumn {
  readonly name: string;
  /** BigQuery's name of the type, of an item where it is repeated: `INT64`. */
  readonly type: string;
  readonly repeated: boolean;
  readonly nullable: boolean;
}

/** What rows are written to. */
export interface WrittenTable {
  /** As the caller named it. */
  readonly given: string;
  readonly columns: readonly TableColumn[];
}

/** @throws ConfigurationError for a column that the table does not have. */
export function requireColumn(table: WrittenTable, column: string): void {
  if (table.columns.some(({ name }) => name === column)) return;
  const there = table.columns.map(({ name }) => name).join(', ');
  throw new ConfigurationError('column', `a column of ${table.given} (${there})`, column);
}

/** The rows, checked against the columns, all of one partition. @throws InvalidDataError naming row and field. */
export function rowsIn(table: WrittenTable, partition: Partition, rows: readonly object[]) {
  requireColumn(table, partition.column);
  return rows.map((row, index) => {
    const where = `${table.given} row ${index + 1}`;
    const checked = rowFor(table.columns, row, where);
    if (checked[partition.column] !== partition.value) {
      throw new InvalidDataError(
        `${where}: field "${partition.column}": expected ${partition.value}, received ${JSON.stringify(checked[partition.column])}`,
      );
    }
    return checked;
  });
}

/**
 * A row in the table's own order, each value as JSON that the table takes.
 *
 * @param where What an error calls the row: `nba_raw.x.ndjson line 17`.
 * @throws InvalidDataError naming the place and the field.
 */
export function rowFor(
  columns: readonly TableColumn[],
  row: unknown,
  where: string,
): Record<string, unknown> {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new InvalidDataError(`${where}: expected an object, received ${shown(row)}`);
  }
  const given = row as Record<string, unknown>;
  const strange = Object.keys(given).find((field) => !columns.some(({ name }) => name === field));
  if (strange !== undefined) {
    throw new InvalidDataError(
      `${where}: field "${strange}" is no column; there are ${columns.map(({ name }) => name).join(', ')}`,
    );
  }
  return Object.fromEntries(
    columns.map((column) => [column.name, valueFor(column, given[column.name], where)]),
  );
}

/** The largest row that is inserted, in bytes as JSON: a request takes 10 MB. */
export const largestRow = 9_900_000;

/** The row, if it fits into a request. @throws InvalidDataError naming the place. */
export function fitting<Row extends object>(row: Row, where: string): Row {
  const size = Buffer.byteLength(JSON.stringify(row));
  if (size <= largestRow) return row;
  throw new InvalidDataError(`${where}: has ${size} bytes as JSON, at most ${largestRow} fit into a request`);
}

function valueFor({ name, type, repeated, nullable }: TableColumn, value: unknown, where: string): unknown {
  if (value === undefined || value === null) {
    if (nullable) return null;
    throw new InvalidDataError(`${where}: field "${name}": expected a value, received none`);
  }
  if (repeated && Array.isArray(value)) return value.map((item) => scalarFor(name, type, item, where));
  return scalarFor(name, repeated ? 'a list' : type, value, where);
}

function scalarFor(name: string, type: string, value: unknown, where: string): unknown {
  const taken = takes(type, value);
  if (taken === undefined) {
    throw new InvalidDataError(`${where}: field "${name}": expected ${type}, received ${shown(value)}`);
  }
  return taken;
}

function takes(type: string, value: unknown): unknown {
  switch (type) {
    case 'INT64':
      if (typeof value === 'string' && /^-?\d{1,19}$/.test(value) && has64Bits(value)) return value;
      return Number.isSafeInteger(value) ? value : undefined;
    case 'FLOAT64':
    case 'NUMERIC':
      if (typeof value === 'string' && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value)) return value;
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
    case 'BOOL':
      return typeof value === 'boolean' ? value : undefined;
    case 'DATE':
      return isDay(value) ? value : undefined;
    case 'TIMESTAMP':
      return instantOf(value);
    case 'STRING':
      return typeof value === 'string' ? value : undefined;
    default:
      return undefined;
  }
}

function has64Bits(digits: string): boolean {
  return BigInt.asIntN(64, BigInt(digits)) === BigInt(digits);
}

const instantPattern =
  /^(\d{4}-\d{2}-\d{2})[Tt ]((?:[01]\d|2[0-3]):\d{2}(?::\d{2}(?:\.\d{1,6})?)?) ?(?:(Z|UTC)|([+-]\d{2})(?::?(\d{2}))?)?$/;

/** Without a zone it is in UTC. */
function instantOf(value: unknown): string | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  const parts = typeof value === 'string' ? instantPattern.exec(value) : null;
  if (parts === null) return undefined;
  const [, day, time, , hours, minutes = '00'] = parts;
  const iso = `${day}T${time}${hours === undefined ? 'Z' : `${hours}:${minutes}`}`;
  return isDay(day) && !Number.isNaN(Date.parse(iso)) ? iso : undefined;
}

function shown(value: unknown): string {
  const text = typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
