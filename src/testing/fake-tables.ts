import {
  checkFence,
  checkMerge,
  checkPartition,
  type Fence,
  fitting,
  type MergeOptions,
  type NdjsonSource,
  ndjsonRows,
  type Partition,
  type QueryRow,
  type QueryValue,
  type TableName,
  tableParts,
  type WriteResult,
} from '../clients/index.ts';
import { InvalidDataError, LostLeaseError } from '../errors/index.ts';

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
  readonly #inserts = new Set<string>();

  get names(): readonly TableName[] {
    return [...this.#tables.keys()];
  }

  rowsOf(table: TableName): QueryRow[] {
    return structuredClone([...(this.#tables.get(nameOf(table)) ?? [])]);
  }

  /** @param insertId What was appended under it is not appended again. */
  append(table: TableName, rows: readonly object[], insertId?: string): WriteResult {
    const name = nameOf(table);
    const added = rows.map((row, index) => insertableRow(row, `${table} row ${index + 1}`));
    const insert = `${name} ${insertId}`;
    if (insertId !== undefined && this.#inserts.has(insert)) return { rows: added.length };
    this.#tables.set(name, [...(this.#tables.get(name) ?? []), ...added]);
    if (insertId !== undefined) this.#inserts.add(insert);
    return { rows: added.length };
  }

  async load(
    table: TableName,
    ndjson: NdjsonSource,
    { mode, source, signal }: LoadHow,
  ): Promise<WriteResult> {
    const name = nameOf(table);
    const rows: QueryRow[] = [];
    for await (const { where, value } of ndjsonRows(ndjson, source, signal))
      rows.push(plainRow(value, where));
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
    checkPartition(partition);
    checkFence(fence);
    const added = rowsIn(partition, table, rows);
    this.#raise(name, fence);
    const others = (this.#tables.get(name) ?? []).filter((row) => row[partition.column] !== partition.value);
    this.#tables.set(name, [...others, ...added]);
    return { rows: added.length };
  }

  merge(table: TableName, rows: readonly object[], options: MergeOptions): WriteResult {
    const { key, scope, fence } = options;
    const name = nameOf(table);
    checkMerge(options);
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

/** The table's name without its project. */
function nameOf(name: TableName): string {
  const { dataset, table } = tableParts(name);
  return `${dataset}.${table}`;
}

function rowsIn({ column, value }: Partition, table: TableName, rows: readonly object[]): QueryRow[] {
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

/** The row as a table would hold it. @throws InvalidDataError */
export function insertableRow(row: unknown, where: string): QueryRow {
  return fitting(plainRow(row, where), where);
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
