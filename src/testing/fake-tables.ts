import type {
  Fence,
  MergeOptions,
  NdjsonSource,
  Partition,
  QueryRow,
  QueryValue,
  TableName,
  WriteResult,
} from '../clients/index.ts';
import { ConfigurationError, InvalidDataError, LostLeaseError } from '../errors/index.ts';

interface LoadHow {
  readonly mode: 'append' | 'truncate';
  /** What errors call the source. */
  readonly source: string;
  readonly signal: AbortSignal;
}

/** Tables in memory, changed whole or not at all: everything is checked before anything is written. */
export class FakeTables {
  readonly #tables = new Map<string, readonly QueryRow[]>();
  readonly #fences = new Map<string, number>();

  get names(): readonly TableName[] {
    return [...this.#tables.keys()];
  }

  rowsOf(table: TableName): QueryRow[] {
    return structuredClone([...(this.#tables.get(nameOf(table)) ?? [])]);
  }

  /** @param where What errors call a row, before its number. */
  append(table: TableName, rows: readonly object[], where: string): WriteResult {
    const name = nameOf(table);
    const added = rows.map((row, index) => plainRow(row, `${where} ${index + 1}`));
    this.#tables.set(name, [...(this.#tables.get(name) ?? []), ...added]);
    return { rows: added.length };
  }

  async load(
    table: TableName,
    ndjson: NdjsonSource,
    { mode, source, signal }: LoadHow,
  ): Promise<WriteResult> {
    const name = nameOf(table);
    const rows: QueryRow[] = [];
    for (const [index, line] of (await textOf(ndjson)).split('\n').entries()) {
      if (line.trim() !== '')
        rows.push(plainRow(parsed(line, `${source} line ${index + 1}`), `${source} line ${index + 1}`));
    }
    signal.throwIfAborted();
    this.#tables.set(name, mode === 'truncate' ? rows : [...(this.#tables.get(name) ?? []), ...rows]);
    return { rows: rows.length };
  }

  replacePartition(
    table: TableName,
    partition: Partition,
    rows: readonly object[],
    fence: Fence | undefined,
  ): WriteResult {
    const name = nameOf(table);
    const added = rowsIn(partition, table, rows);
    this.#raise(name, fence);
    const others = (this.#tables.get(name) ?? []).filter((row) => row[partition.column] !== partition.value);
    this.#tables.set(name, [...others, ...added]);
    return { rows: added.length };
  }

  merge(table: TableName, rows: readonly object[], { key, scope, fence }: MergeOptions): WriteResult {
    const name = nameOf(table);
    if (key.length === 0) throw new ConfigurationError('merge.key', 'at least one column', key);
    const keyOf = (row: QueryRow) => JSON.stringify(key.map((column) => row[column] ?? null));
    const given = new Map(rowsIn(scope, table, rows).map((row) => [keyOf(row), row]));
    if (given.size < rows.length)
      throw new InvalidDataError(`${table}: two rows have the same key (${key.join(', ')})`);
    this.#raise(name, fence);
    const others = (this.#tables.get(name) ?? []).filter(
      (row) => row[scope.column] !== scope.value && !given.has(keyOf(row)),
    );
    this.#tables.set(name, [...others, ...given.values()]);
    return { rows: given.size };
  }

  #raise(table: string, fence: Fence | undefined): void {
    if (fence === undefined) return;
    const fenced = `${table} ${fence.key}`;
    const newest = this.#fences.get(fenced) ?? fence.token;
    if (newest > fence.token) {
      throw new LostLeaseError(
        `Fence ${fence.token} of ${fence.key} is older than ${newest}: another run has taken over`,
      );
    }
    this.#fences.set(fenced, fence.token);
  }
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The table's name without its project. */
function nameOf(table: TableName): string {
  const parts = table.split('.');
  const name = parts.slice(-2);
  if (parts.length < 2 || parts.length > 3 || !name.every((part) => identifier.test(part)))
    throw new ConfigurationError('table', "a table such as 'nba_raw.nbac_schedule'", table);
  return name.join('.');
}

function rowsIn({ column, value }: Partition, table: TableName, rows: readonly object[]): QueryRow[] {
  if (!identifier.test(column)) throw new ConfigurationError('partition.column', 'a column name', column);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value))
    throw new ConfigurationError('partition.value', 'a date such as 2025-03-15', value);
  return rows.map((row, index) => {
    const where = `${table} row ${index + 1}`;
    const plain = plainRow(row, where);
    if (plain[column] !== value) {
      throw new InvalidDataError(
        `${where}: field "${column}": expected ${value}, received ${JSON.stringify(plain[column])}`,
      );
    }
    return plain;
  });
}

function parsed(line: string, where: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new InvalidDataError(`${where}: not JSON (${(error as Error).message})`, { cause: error });
  }
}

async function textOf(ndjson: NdjsonSource): Promise<string> {
  if (typeof ndjson === 'string') return ndjson;
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of ndjson instanceof Uint8Array ? [ndjson] : ndjson)
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

function plainRow(row: unknown, where: string): QueryRow {
  if (typeof row !== 'object' || row === null || Array.isArray(row))
    throw new InvalidDataError(`${where}: expected an object, received ${JSON.stringify(row)}`);
  return Object.fromEntries(
    Object.entries(row).map(([field, value]) => [field, plainValue(value, `${where}: field "${field}"`)]),
  );
}

function plainValue(value: unknown, where: string): QueryValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => plainValue(item, where));
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(
      Object.entries(value).map(([field, inner]) => [field, plainValue(inner, `${where}.${field}`)]),
    );
  }
  throw new InvalidDataError(`${where}: expected a value that a table can hold, received ${typeof value}`);
}
