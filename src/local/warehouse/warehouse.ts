import type { DuckDBPreparedStatement, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import {
  type BigQueryClient,
  boundedItems,
  type CallOptions,
  checkFence,
  checkInsert,
  checkMerge,
  checkPartition,
  type FencedWriteOptions,
  fitting,
  guardedInsert,
  type InsertOptions,
  type InsertResult,
  type LoadOptions,
  type MergeOptions,
  type NdjsonSource,
  type Partition,
  parsedRow,
  type QueryOptions,
  type QueryRow,
  requireColumn,
  rowFor,
  rowsIn,
  type WriteResult,
} from '../../clients/index.ts';
import { ConfigurationError, InvalidDataError } from '../../errors/index.ts';
import { type Clock, milliseconds, realClock } from '../../time/index.ts';
import { type Bounds, Connections, type Session } from './connections.ts';
import { type Database, type DuckDb, openDatabase } from './database.ts';
import { loadTranslator, type Translation, type Translator } from './dialect/translate.ts';
import { raiseFence } from './fence.ts';
import { handed } from './handed.ts';
import { isNew } from './inserts.ts';
import { rowsOf } from './ndjson.ts';
import { type Bound, boundParameters } from './parameters.ts';
import { append, batchSize, counted, quoted, tableOf } from './table.ts';
import { plainValue } from './values.ts';

export interface WarehouseOptions {
  /** The database file, or `:memory:`. */
  readonly file: string;
  /** Drives time-outs and `CURRENT_TIMESTAMP`; the queries themselves take the time that they take. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

/**
 * BigQuery's SQL on DuckDB, in one file of this machine. A call is bounded by its signal and its `timeout` (default: 120 s);
 * `maximumBytesBilled` bounds nothing, as nothing is billed.
 */
export interface Warehouse extends BigQueryClient {
  /** What was asked of it since it was opened. */
  statistics(): WarehouseStatistics;
  /** Interrupts what runs and lets go of the file; calls after it are rejected. */
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
        { cause: error },
      );
    },
  );
  return new DuckWarehouse(await openDatabase(duckdb, file), clock, translate, duckdb);
}

class DuckWarehouse implements Warehouse {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #connections: Connections;
  readonly #translate: Translator;
  readonly #duckdb: DuckDb;
  #queries = 0;
  #writes = 0;
  #rowsRead = 0;
  #rowsWritten = 0;
  readonly #labelled: Record<string, number> = {};

  constructor(database: Database, clock: Clock, translate: Translator, duckdb: DuckDb) {
    this.#database = database;
    this.#clock = clock;
    this.#translate = translate;
    this.#duckdb = duckdb;
    this.#connections = new Connections(database.instance, clock);
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
    await this.#connections.close();
    this.#database.close();
  }

  async query<Row = QueryRow>(sql: string, options: QueryOptions<Row> = {}): Promise<Row[]> {
    const { schema } = options;
    const asked = this.#asked(sql, options);
    const work = (session: Session) =>
      asked.statement.kind === 'select' ? this.#select(session, asked) : this.#change(session, asked);
    const rows =
      asked.statement.kind === 'select'
        ? await this.#connections.read(boundsOf(options), work)
        : await this.#connections.write(boundsOf(options), work);
    this.#rowsRead += rows.length;
    return schema === undefined ? (rows as Row[]) : rows.map((row, index) => parsedRow(schema, row, index));
  }

  async *stream<Row = QueryRow>(
    sql: string,
    options: QueryOptions<Row> = {},
  ): AsyncGenerator<Row, void, undefined> {
    const { schema, signal } = options;
    const asked = this.#asked(sql, options);
    if (asked.statement.kind !== 'select') {
      await this.#connections.write(boundsOf(options), (session) => this.#change(session, asked));
      return;
    }
    const { timeout: after } = boundsOf(options);
    const bounds = { clock: this.#clock, after, signal, what: 'Wait for rows of a query' };
    let index = 0;
    const batches = boundedItems(bounds, (stop) =>
      handed<QueryRow[]>((give) =>
        this.#connections.read({ signal: stop, timeout: Infinity }, (session) =>
          this.#batches(session, asked, give),
        ),
      ),
    );
    for await (const rows of batches) {
      for (const row of rows) {
        this.#rowsRead += 1;
        yield schema === undefined ? (row as Row) : parsedRow(schema, row, index);
        index += 1;
      }
    }
  }

  async insert(table: string, rows: readonly object[], options: InsertOptions = {}): Promise<InsertResult> {
    checkInsert(options);
    const { deadLetters } = options;
    if (deadLetters === undefined) return this.#insert(table, rows, options);
    return guardedInsert({
      table,
      rows,
      options: { ...options, deadLetters },
      clock: this.#clock,
      timeout: milliseconds('timeout', usualTimeout),
      judge: async (bounds) => {
        const { columns } = await this.#connections.read(boundsOf(bounds), (session) =>
          tableOf(session, table),
        );
        return (row, where) => fitting(rowFor(columns, row, where), where);
      },
      insert: (good, within) => this.#insert(table, good, within),
    });
  }

  #insert(table: string, rows: readonly object[], options: InsertOptions): Promise<WriteResult> {
    return this.#write(options, async (session) => {
      const target = await tableOf(session, table);
      const checked = rows.map((row, index) => {
        const where = `${table} row ${index + 1}`;
        return fitting(rowFor(target.columns, row, where), where);
      });
      if (await isNew(session, target, options.insertId, this.#clock.wallNow()))
        await append(session, target, checked);
      return checked.length;
    });
  }

  load(table: string, source: NdjsonSource, options: LoadOptions = {}): Promise<WriteResult> {
    const { mode = 'append', source: name = 'input' } = options;
    return this.#write(options, async (session) => {
      const target = await tableOf(session, table);
      if (mode === 'truncate') await session.run(`DELETE FROM ${target.name}`);
      let loaded = 0;
      for await (const batch of rowsOf(source, target.columns, name, batchSize, session.signal)) {
        await append(session, target, batch);
        loaded += batch.length;
      }
      return loaded;
    });
  }

  replacePartition(
    table: string,
    partition: Partition,
    rows: readonly object[],
    options: FencedWriteOptions = {},
  ): Promise<WriteResult> {
    return this.#write(options, async (session) => {
      checkPartition(partition);
      checkFence(options.fence);
      const target = await tableOf(session, table);
      const checked = rowsIn(target, partition, rows);
      await raiseFence(session, target, options.fence, this.#wallTime());
      await session.run(
        `DELETE FROM ${target.name} WHERE ${quoted(partition.column)} = CAST($partition AS DATE)`,
        { partition: partition.value },
      );
      await append(session, target, checked);
      return counted(session, target, partition, checked.length);
    });
  }

  merge(table: string, rows: readonly object[], options: MergeOptions): Promise<WriteResult> {
    const { key, scope, fence } = options;
    return this.#write(options, async (session) => {
      checkMerge(options);
      const target = await tableOf(session, table);
      for (const column of key) requireColumn(target, column);
      const checked = rowsIn(target, scope, rows);
      const keys = new Set(checked.map((row) => JSON.stringify(key.map((column) => row[column]))));
      if (keys.size < checked.length)
        throw new InvalidDataError(`${table}: two rows have the same key (${key.join(', ')})`);
      await raiseFence(session, target, fence, this.#wallTime());
      await session.run(`CREATE OR REPLACE TEMP TABLE merged AS SELECT * FROM ${target.name} LIMIT 0`);
      await append(session, { ...target, name: 'temp.merged' }, checked);
      const same = key
        .map((column) => `target.${quoted(column)} IS NOT DISTINCT FROM merged.${quoted(column)}`)
        .join(' AND ');
      // What is in scope and was not given goes; what was given takes the place of what has its key, in scope or not.
      await session.run(
        `DELETE FROM ${target.name} AS target WHERE target.${quoted(scope.column)} = CAST($scope AS DATE) OR EXISTS (SELECT 1 FROM temp.merged AS merged WHERE ${same})`,
        { scope: scope.value },
      );
      await session.run(`INSERT INTO ${target.name} SELECT * FROM temp.merged`);
      await session.run('DROP TABLE temp.merged');
      return counted(session, target, scope, checked.length);
    });
  }

  async #write(options: CallOptions, work: (session: Session) => Promise<number>): Promise<WriteResult> {
    const rows = await this.#connections.write(boundsOf(options), work);
    this.#writes += 1;
    this.#rowsWritten += rows;
    return { rows };
  }

  #asked<Row>(sql: string, { params = {}, types = {}, labels }: QueryOptions<Row>): Asked {
    const statement = this.#translate(sql, types);
    const bound = boundParameters(this.#duckdb, statement.params, params, types);
    this.#queries += 1;
    const label = labels?.breakwater;
    if (label !== undefined) this.#labelled[label] = (this.#labelled[label] ?? 0) + 1;
    return { statement, bound };
  }

  async #change(session: Session, { statement, bound }: Asked): Promise<QueryRow[]> {
    await this.#tellTime(session);
    if (statement.dataset !== undefined)
      await session.run(`CREATE SCHEMA IF NOT EXISTS ${quoted(statement.dataset)}`);
    await session.run(statement.sql, bound.values, bound.types);
    return [];
  }

  async #select(session: Session, { statement, bound }: Asked): Promise<QueryRow[]> {
    await this.#tellTime(session);
    return session.prepared(statement.sql, async (prepared) => {
      bind(prepared, bound);
      const reader = await prepared.runAndReadAll();
      return this.#plain(reader, reader.getRows());
    });
  }

  /** A few thousand rows at a time, as DuckDB makes them. */
  async #batches(
    session: Session,
    { statement, bound }: Asked,
    give: (rows: QueryRow[]) => Promise<void>,
  ): Promise<void> {
    await this.#tellTime(session);
    await session.prepared(statement.sql, async (prepared) => {
      bind(prepared, bound);
      const result = await prepared.stream();
      while (true) {
        const chunk = await result.fetchChunk();
        if (chunk === null || chunk.rowCount === 0) return;
        await give(this.#plain(result, chunk.getRows()));
      }
    });
  }

  #plain(result: Columns, rows: DuckDBValue[][]): QueryRow[] {
    const names = result.columnNames();
    const columnTypes = result.columnTypes();
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new InvalidDataError(`The query gives two columns named "${twice}"`);
    const plain = (value: DuckDBValue, index: number) =>
      plainValue(this.#duckdb, names[index] as string, value, columnTypes[index] as DuckDBType);
    return rows.map((row) =>
      Object.fromEntries(row.map((value, index) => [names[index] as string, plain(value, index)])),
    );
  }

  /** What the clock says is now, to the statement that follows. */
  #tellTime(session: Session): Promise<void> {
    return session.run(`SET VARIABLE bq_now = TIMESTAMPTZ '${this.#wallTime()}'`);
  }

  #wallTime(): string {
    return new Date(this.#clock.wallNow()).toISOString();
  }
}

/** A query that has been understood. */
interface Asked {
  readonly statement: Translation;
  readonly bound: Bound;
}

interface Columns {
  columnNames(): string[];
  columnTypes(): DuckDBType[];
}

function bind(prepared: DuckDBPreparedStatement, { values, types }: Bound): void {
  if (Object.keys(values).length > 0) prepared.bind(values, types);
}

function boundsOf({ signal, timeout }: CallOptions): Bounds {
  return { signal, timeout: milliseconds('timeout', timeout ?? usualTimeout) };
}
