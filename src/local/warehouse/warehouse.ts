import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type {
  BigQueryClient,
  CallOptions,
  Fence,
  LoadOptions,
  MergeOptions,
  NdjsonSource,
  Partition,
  QueryOptions,
  QueryParameter,
  QueryRow,
  WriteResult,
} from '../../clients/index.ts';
import { ConfigurationError, InvalidDataError, LostLeaseError, ServiceError } from '../../errors/index.ts';
import { type Clock, milliseconds, realClock } from '../../time/index.ts';
import { type Column, rowFor } from './columns.ts';
import { type Bounds, Connections } from './connections.ts';
import { loadTranslator, type Translator } from './dialect/translate.ts';
import { rowsOf } from './ndjson.ts';
import { plainValue, type ValueClasses } from './values.ts';

export interface WarehouseOptions {
  /** The database file, or `:memory:`. */
  readonly file: string;
  /** Drives time-outs and `CURRENT_TIMESTAMP`; the queries themselves take the time that they take. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

/** BigQuery's SQL on DuckDB, in one file of this machine. */
export interface Warehouse extends BigQueryClient {
  /** What was asked of it since it was opened. */
  statistics(): WarehouseStatistics;
  close(): Promise<void>;
}

export interface WarehouseStatistics {
  readonly queries: number;
  /** Queries that bore the label `breakwater`, by its value. */
  readonly labelled: Readonly<Record<string, number>>;
  readonly writes: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
}

const usualTimeout = '120s';
const batchSize = 5_000;
const mostConnections = 4;

/**
 * Opens the warehouse. One process at a time holds the file.
 *
 * @throws ConfigurationError naming the holder, or that the packages are not installed.
 */
export async function openWarehouse({ file, clock = realClock }: WarehouseOptions): Promise<Warehouse> {
  const [duckdb, translate] = await Promise.all([import('@duckdb/node-api'), loadTranslator()]).catch(
    (error: unknown) => {
      throw new ConfigurationError(
        'breakwater/local',
        'used with @duckdb/node-api and @polyglot-sql/sdk installed',
        'neither or one of them',
        {
          cause: error,
        },
      );
    },
  );
  let instance: DuckDBInstance;
  try {
    instance = await duckdb.DuckDBInstance.create(file, {
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      // One process is a guest on its machine: DuckDB alone would take most of the memory.
      memory_limit: '2GB',
      threads: '2',
    });
  } catch (error) {
    const holder = /PID (\d+)/.exec(String(error))?.[1];
    const given = holder === undefined ? file : `${file}, which process ${holder} holds`;
    throw new ConfigurationError(
      'openWarehouse.file',
      'a DuckDB file that no other process has open',
      given,
      { cause: error },
    );
  }
  return new DuckWarehouse(instance, clock, translate, duckdb);
}

class DuckWarehouse implements Warehouse {
  readonly #instance: DuckDBInstance;
  readonly #clock: Clock;
  readonly #connections: Connections;
  readonly #translate: Translator;
  readonly #duckdb: ValueClasses &
    Pick<
      typeof import('@duckdb/node-api'),
      'VARCHAR' | 'BIGINT' | 'DOUBLE' | 'BOOLEAN' | 'LIST' | 'listValue'
    >;
  // Writes go one after the other: DuckDB would let all but one of them fail.
  #writing: Promise<unknown> = Promise.resolve();
  #queries = 0;
  #writes = 0;
  #rowsRead = 0;
  #rowsWritten = 0;
  readonly #labelled: Record<string, number> = {};

  constructor(
    instance: DuckDBInstance,
    clock: Clock,
    translate: Translator,
    duckdb: typeof import('@duckdb/node-api'),
  ) {
    this.#instance = instance;
    this.#clock = clock;
    this.#translate = translate;
    this.#duckdb = duckdb;
    this.#connections = new Connections(instance, clock, mostConnections);
  }

  statistics(): WarehouseStatistics {
    return {
      queries: this.#queries,
      labelled: { ...this.#labelled },
      writes: this.#writes,
      rowsRead: this.#rowsRead,
      rowsWritten: this.#rowsWritten,
    };
  }

  async close(): Promise<void> {
    await this.#writing;
    this.#connections.close();
    this.#instance.closeSync();
  }

  async query<Row = QueryRow>(sql: string, options: QueryOptions<Row> = {}): Promise<Row[]> {
    const { params = {}, types = {}, schema, labels } = options;
    const { sql: duckSql, params: used, dataset } = this.#translate(sql, types);
    const now = new Date(this.#clock.wallNow()).toISOString();
    const bound = this.#bind(used, params);
    this.#queries += 1;
    const label = labels?.breakwater;
    if (label !== undefined) this.#labelled[label] = (this.#labelled[label] ?? 0) + 1;
    const rows = await this.#connections.lend(boundsOf(options), async (connection) => {
      await connection.run(`SET VARIABLE bq_now = TIMESTAMPTZ '${now}'`);
      if (dataset !== undefined) await connection.run(`CREATE SCHEMA IF NOT EXISTS ${quoted(dataset)}`);
      const reader = await connection.runAndReadAll(duckSql, bound.values as never, bound.types as never);
      const names = reader.columnNames();
      const twice = names.find((name, index) => names.indexOf(name) !== index);
      if (twice !== undefined) throw new InvalidDataError(`The query gives two columns named "${twice}"`);
      return reader
        .getRows()
        .map((row) =>
          Object.fromEntries(
            row.map((value, index) => [
              names[index] as string,
              plainValue(this.#duckdb, names[index] as string, value),
            ]),
          ),
        );
    });
    this.#rowsRead += rows.length;
    if (schema === undefined) return rows as Row[];
    return rows.map((row, index) => {
      const parsed = schema.safeParse(row);
      if (parsed.success) return parsed.data;
      const [issue] = parsed.error.issues;
      throw new InvalidDataError(
        `Row ${index + 1} of the query: column "${issue?.path.join('.') ?? '?'}": ${issue?.message}`,
        { cause: parsed.error },
      );
    });
  }

  insert(table: string, rows: readonly object[], options: CallOptions = {}): Promise<WriteResult> {
    return this.#transaction(options, async (connection) => {
      const target = await this.#target(connection, table);
      const checked = rows.map((row, index) => rowFor(target.columns, row, `${table} row ${index + 1}`));
      await this.#append(connection, target, checked);
      return checked.length;
    });
  }

  load(table: string, source: NdjsonSource, options: LoadOptions = {}): Promise<WriteResult> {
    const { mode = 'append', source: name = 'input' } = options;
    return this.#transaction(options, async (connection) => {
      const target = await this.#target(connection, table);
      if (mode === 'truncate') await connection.run(`DELETE FROM ${target.name}`);
      let loaded = 0;
      for await (const batch of rowsOf(source, target.columns, name, batchSize)) {
        options.signal?.throwIfAborted();
        await this.#append(connection, target, batch);
        loaded += batch.length;
      }
      return loaded;
    });
  }

  replacePartition(
    table: string,
    partition: Partition,
    rows: readonly object[],
    options: CallOptions & { readonly fence?: Fence | undefined } = {},
  ): Promise<WriteResult> {
    return this.#transaction(options, async (connection) => {
      const target = await this.#target(connection, table);
      const checked = this.#inPartition(target, table, partition, rows);
      await raiseFence(connection, target, options.fence, this.#clock);
      const column = quoted(partition.column);
      await connection.run(`DELETE FROM ${target.name} WHERE ${column} = CAST($partition AS DATE)`, {
        partition: partition.value,
      });
      await this.#append(connection, target, checked);
      return this.#count(connection, target, partition, checked.length);
    });
  }

  merge(table: string, rows: readonly object[], options: MergeOptions): Promise<WriteResult> {
    const { key, scope, fence } = options;
    return this.#transaction(options, async (connection) => {
      const target = await this.#target(connection, table);
      for (const column of key) columnOf(target, table, column);
      const checked = this.#inPartition(target, table, scope, rows);
      const keys = new Set(checked.map((row) => JSON.stringify(key.map((column) => row[column]))));
      if (keys.size < checked.length)
        throw new InvalidDataError(`${table}: two rows have the same key (${key.join(', ')})`);
      await raiseFence(connection, target, fence, this.#clock);
      await connection.run(`CREATE OR REPLACE TEMP TABLE merged AS SELECT * FROM ${target.name} LIMIT 0`);
      await this.#append(connection, { ...target, name: 'temp.merged' }, checked);
      const same = key
        .map((column) => `target.${quoted(column)} IS NOT DISTINCT FROM merged.${quoted(column)}`)
        .join(' AND ');
      // What is in scope and was not given goes; what was given takes the place of what has its key, in scope or not.
      await connection.run(
        `DELETE FROM ${target.name} AS target WHERE target.${quoted(scope.column)} = CAST($scope AS DATE) OR EXISTS (SELECT 1 FROM temp.merged AS merged WHERE ${same})`,
        { scope: scope.value },
      );
      await connection.run(`INSERT INTO ${target.name} SELECT * FROM temp.merged`);
      await connection.run('DROP TABLE temp.merged');
      return this.#count(connection, target, scope, checked.length);
    });
  }

  async #transaction(
    options: CallOptions,
    work: (connection: DuckDBConnection) => Promise<number>,
  ): Promise<WriteResult> {
    const before = this.#writing;
    let done: () => void = () => {};
    this.#writing = new Promise<void>((resolve) => {
      done = resolve;
    });
    try {
      await before;
      const rows = await this.#connections.lend(boundsOf(options), async (connection) => {
        await connection.run('BEGIN TRANSACTION');
        try {
          const written = await work(connection);
          options.signal?.throwIfAborted();
          await connection.run('COMMIT');
          return written;
        } catch (error) {
          await connection.run('ROLLBACK');
          throw error;
        }
      });
      this.#writes += 1;
      this.#rowsWritten += rows;
      return { rows };
    } finally {
      done();
    }
  }

  async #target(connection: DuckDBConnection, table: string): Promise<Target> {
    const parts = table.split('.');
    const [dataset, name] = parts.slice(-2);
    if (parts.length < 2 || parts.length > 3 || !parts.slice(-2).every((part) => identifier.test(part))) {
      throw new ConfigurationError('table', "a table such as 'nba_raw.nbac_schedule'", table);
    }
    const reader = await connection.runAndReadAll(
      'SELECT column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = $dataset AND table_name = $name ORDER BY ordinal_position',
      { dataset: dataset as string, name: name as string },
    );
    const columns = reader.getRows().map(
      ([column, type, nullable]): Column => ({
        name: String(column),
        type: String(type),
        nullable: nullable === 'YES',
      }),
    );
    if (columns.length === 0) {
      throw new ServiceError(`Table ${table} is not there`, {
        service: 'bigquery',
        kind: 'permanent',
        code: 'notFound',
      });
    }
    return {
      name: `${quoted(dataset as string)}.${quoted(name as string)}`,
      fence: `${quoted(dataset as string)}.${quoted(`${name}_fence`)}`,
      columns,
    };
  }

  #inPartition(target: Target, table: string, partition: Partition, rows: readonly object[]) {
    columnOf(target, table, partition.column);
    return rows.map((row, index) => {
      const where = `${table} row ${index + 1}`;
      const checked = rowFor(target.columns, row, where);
      if (checked[partition.column] !== partition.value) {
        throw new InvalidDataError(
          `${where}: field "${partition.column}": expected ${partition.value}, received ${JSON.stringify(checked[partition.column])}`,
        );
      }
      return checked;
    });
  }

  /** Rows go in as one JSON parameter a batch; their values were checked against the columns. */
  async #append(
    connection: DuckDBConnection,
    target: Target,
    rows: readonly Record<string, unknown>[],
  ): Promise<void> {
    const structure = JSON.stringify([
      Object.fromEntries(
        target.columns.map(({ name, type }) => [name, type.endsWith('[]') ? ['VARCHAR'] : 'VARCHAR']),
      ),
    ]);
    const columns = target.columns.map(({ name }) => quoted(name)).join(', ');
    const values = target.columns.map(({ name, type }) => `CAST(r.${quoted(name)} AS ${type})`).join(', ');
    const sql = `INSERT INTO ${target.name} (${columns}) SELECT ${values} FROM (SELECT unnest(from_json($rows, '${structure.replaceAll("'", "''")}')) AS r)`;
    for (let start = 0; start < rows.length; start += batchSize) {
      await connection.run(sql, { rows: JSON.stringify(rows.slice(start, start + batchSize)) });
    }
  }

  /** Counted again, as the table holds them: what was written is what is there. */
  async #count(
    connection: DuckDBConnection,
    target: Target,
    partition: Partition,
    wanted: number,
  ): Promise<number> {
    const reader = await connection.runAndReadAll(
      `SELECT count(*) FROM ${target.name} WHERE ${quoted(partition.column)} = CAST($partition AS DATE)`,
      { partition: partition.value },
    );
    const found = Number(reader.getRows()[0]?.[0]);
    if (found !== wanted)
      throw new Error(`${target.name} has ${found} rows in ${partition.value} after ${wanted} were written`);
    return found;
  }

  #bind(used: ReadonlySet<string>, params: Readonly<Record<string, QueryParameter>>) {
    const values: Record<string, unknown> = {};
    const types: Record<string, unknown> = {};
    const { VARCHAR, BIGINT, DOUBLE, BOOLEAN, LIST, listValue } = this.#duckdb;
    const scalar = (value: string | number | boolean | null) =>
      typeof value === 'number'
        ? Number.isSafeInteger(value)
          ? { value: BigInt(value), type: BIGINT }
          : { value, type: DOUBLE }
        : { value, type: typeof value === 'boolean' ? BOOLEAN : VARCHAR };
    for (const name of used) {
      const value = params[name];
      if (value === undefined) {
        throw new ConfigurationError(`params.${name}`, 'given: the query uses it', undefined);
      }
      if (Array.isArray(value)) {
        const items = (value as readonly (string | number)[]).map(scalar);
        values[name] = listValue(items.map((item) => item.value) as never);
        types[name] = LIST(items.some(({ type }) => type === DOUBLE) ? DOUBLE : (items[0]?.type ?? VARCHAR));
        continue;
      }
      const { value: bound, type } = scalar(value as string | number | boolean | null);
      values[name] = bound;
      types[name] = type;
    }
    return { values, types };
  }
}

interface Target {
  /** Quoted, with its dataset. */
  readonly name: string;
  readonly fence: string;
  readonly columns: readonly Column[];
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

function boundsOf({ signal, timeout }: CallOptions): Bounds {
  return { signal, timeout: milliseconds('timeout', timeout ?? usualTimeout, { infinite: true }) };
}

function columnOf(target: Target, table: string, column: string): void {
  if (target.columns.some(({ name }) => name === column)) return;
  throw new ConfigurationError(
    'column',
    `a column of ${table} (${target.columns.map(({ name }) => name).join(', ')})`,
    column,
  );
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * Raises the key's fence in the table beside the output, within the write's own transaction: whoever comes with an older
 * token writes nothing, though the store that handed it out knows nothing of the warehouse.
 */
async function raiseFence(
  connection: DuckDBConnection,
  target: Target,
  fence: Fence | undefined,
  clock: Clock,
): Promise<void> {
  if (fence === undefined) return;
  await connection.run(
    `CREATE TABLE IF NOT EXISTS ${target.fence} (fence_key VARCHAR NOT NULL, token BIGINT NOT NULL, raised_at TIMESTAMPTZ NOT NULL)`,
  );
  const reader = await connection.runAndReadAll(
    `SELECT max(token) FROM ${target.fence} WHERE fence_key = $key`,
    { key: fence.key },
  );
  const newest = reader.getRows()[0]?.[0];
  if (newest !== null && newest !== undefined && Number(newest) > fence.token) {
    throw new LostLeaseError(
      `Fence ${fence.token} of ${fence.key} is older than ${newest}: another run has taken over`,
    );
  }
  await connection.run(`DELETE FROM ${target.fence} WHERE fence_key = $key`, { key: fence.key });
  await connection.run(
    `INSERT INTO ${target.fence} VALUES ($key, CAST($token AS BIGINT), CAST($at AS TIMESTAMPTZ))`,
    {
      key: fence.key,
      token: String(fence.token),
      at: new Date(clock.wallNow()).toISOString(),
    },
  );
}
