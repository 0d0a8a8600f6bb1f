import {
  type BigQueryClient,
  boundedCall,
  type CallOptions,
  checkInsert,
  type FencedWriteOptions,
  guardedInsert,
  type InsertOptions,
  type InsertResult,
  type LoadOptions,
  type MergeOptions,
  type NdjsonSource,
  type Partition,
  parsedRow,
  type QueryOptions,
  type QueryParameter,
  type QueryRow,
  type TableName,
  type WriteResult,
} from '../clients/index.ts';
import { ConfigurationError } from '../errors/index.ts';
import { type Clock, milliseconds } from '../time/index.ts';
import { FakeTables, insertableRow } from './fake-tables.ts';
import { Outage } from './outage.ts';
import { parametersOf } from './query-parameters.ts';
import { keep } from './recording.ts';

const usualTimeout = 120_000;

type Params = Readonly<Record<string, QueryParameter>>;

/** Text that the query holds, a pattern that it matches, or a predicate. */
export type FakeQueryPattern = string | RegExp | ((sql: string, params: Params) => boolean);

export type FakeQueryAnswer =
  | readonly object[]
  | ((params: Params, sql: string) => readonly object[] | Promise<readonly object[]>);

export type FakeBigQueryCall =
  | {
      readonly method: 'query';
      readonly sql: string;
      readonly params: Params;
      readonly options: QueryOptions<never>;
    }
  | {
      readonly method: 'insert' | 'load' | 'replacePartition' | 'merge';
      readonly table: TableName;
      readonly options: CallOptions;
    };

export interface FakeBigQueryOptions {
  readonly clock: Clock;
  /** Rows of tables that are there at the start. */
  readonly tables?: Readonly<Record<TableName, readonly object[]>> | undefined;
}

/**
 * A warehouse in memory. It runs no SQL: a test says with `on` what a query answers. Writes are real: all or nothing, a
 * partition replaced whole, fences kept; a table is made by the first write to it.
 *
 * It can be made to `fail()`, to `hang()` and to `recover()`.
 */
export class FakeBigQuery extends Outage implements BigQueryClient {
  /** The calls that were made, the oldest first; of more than 10,000 the newest. */
  readonly calls: FakeBigQueryCall[] = [];
  readonly #clock: Clock;
  readonly #tables = new FakeTables();
  readonly #answers: {
    readonly matches: (sql: string, params: Params) => boolean;
    readonly answer: FakeQueryAnswer;
  }[] = [];

  constructor({ clock, tables = {} }: FakeBigQueryOptions) {
    super();
    this.#clock = clock;
    for (const [table, rows] of Object.entries(tables)) this.#tables.append(table, rows);
  }

  /**
   * Says what a query answers; of two patterns that match, the later counts.
   *
   * @example
   * context.bigquery.on(/FROM nba_raw.nbac_team_boxscore/, [{ game_id: '0022400974', points: 112 }]);
   * context.bigquery.on('player_boxscore', ({ date }) => playersOf(date));
   */
  on(pattern: FakeQueryPattern, answer: FakeQueryAnswer): this {
    this.#answers.unshift({ matches: matcher(pattern), answer });
    return this;
  }

  /** The names of the tables that are there. */
  get tables(): readonly TableName[] {
    return this.#tables.names;
  }

  /** A copy of a table's rows, in the order in which they were written. */
  rowsOf(table: TableName): QueryRow[] {
    return this.#tables.rowsOf(table);
  }

  query<Row = QueryRow>(sql: string, options: QueryOptions<Row> = {}): Promise<Row[]> {
    const { params = {}, schema } = options;
    keep(this.calls, { method: 'query', sql, params, options: options as QueryOptions<never> });
    return this.#call('query', options, async () => {
      const lacking = parametersOf(sql).find((name) => params[name] === undefined);
      if (lacking !== undefined)
        throw new ConfigurationError(`params.${lacking}`, 'given: the query uses it', undefined);
      const known = this.#answers.find(({ matches }) => matches(sql, params));
      if (known === undefined) {
        throw new ConfigurationError(
          'FakeBigQuery',
          'told what each query answers: bigquery.on(/a part of the query/, rows)',
          sql.trim().replace(/\s+/g, ' '),
        );
      }
      const { answer } = known;
      const rows = structuredClone(typeof answer === 'function' ? await answer(params, sql) : answer);
      if (schema === undefined) return rows as unknown as Row[];
      return rows.map((row, index) => parsedRow(schema, row, index));
    });
  }

  async *stream<Row = QueryRow>(
    sql: string,
    options: QueryOptions<Row> = {},
  ): AsyncGenerator<Row, void, undefined> {
    for (const row of await this.query(sql, options)) {
      options.signal?.throwIfAborted();
      yield row;
    }
  }

  async insert(
    table: TableName,
    rows: readonly object[],
    options: InsertOptions = {},
  ): Promise<InsertResult> {
    keep(this.calls, { method: 'insert', table, options });
    checkInsert(options);
    const { deadLetters } = options;
    const insert = (good: readonly object[], within: InsertOptions) =>
      this.#call(`insert into ${table}`, within, async () =>
        this.#tables.append(table, good, within.insertId),
      );
    if (deadLetters === undefined) return insert(rows, options);
    return guardedInsert({
      table,
      rows,
      options: { ...options, deadLetters },
      clock: this.#clock,
      timeout: usualTimeout,
      judge: async () => insertableRow,
      insert,
    });
  }

  load(table: TableName, ndjson: NdjsonSource, options: LoadOptions = {}): Promise<WriteResult> {
    const { mode = 'append', source = 'input' } = options;
    keep(this.calls, { method: 'load', table, options });
    return this.#call(`load into ${table}`, options, (signal) =>
      this.#tables.load(table, ndjson, { mode, source, signal }),
    );
  }

  replacePartition(
    table: TableName,
    partition: Partition,
    rows: readonly object[],
    options: FencedWriteOptions = {},
  ): Promise<WriteResult> {
    keep(this.calls, { method: 'replacePartition', table, options });
    return this.#call(`replacement of ${table} ${partition.value}`, options, async () =>
      this.#tables.replacePartition(table, partition, rows, options.fence),
    );
  }

  merge(table: TableName, rows: readonly object[], options: MergeOptions): Promise<WriteResult> {
    keep(this.calls, { method: 'merge', table, options });
    return this.#call(`merge into ${table}`, options, async () => this.#tables.merge(table, rows, options));
  }

  async #call<T>(
    what: string,
    { signal, timeout = usualTimeout }: CallOptions,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const after = milliseconds('timeout', timeout);
    const bounds = { clock: this.#clock, after, signal, what: `The ${what} in the fake warehouse` };
    return boundedCall(bounds, async (signal) => {
      await this.pass(signal);
      return work(signal);
    });
  }
}

function matcher(pattern: FakeQueryPattern): (sql: string, params: Params) => boolean {
  if (typeof pattern === 'function') return pattern;
  if (typeof pattern === 'string') return (sql) => sql.includes(pattern);
  // A pattern with the flag g or y would remember where it stopped.
  const stateless = new RegExp(pattern, pattern.flags.replace(/[gy]/g, ''));
  return (sql) => stateless.test(sql);
}
