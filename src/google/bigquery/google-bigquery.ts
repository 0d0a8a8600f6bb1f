import type { BigQuery } from '@google-cloud/bigquery';
import {
  type BigQueryClient,
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
  ndjsonRows,
  type Partition,
  parsedRow,
  type QueryOptions,
  type QueryRow,
  requireColumn,
  rowFor,
  rowsIn,
  type ServiceCircuitOptions,
  tableParts,
  type WriteOptions,
  type WriteResult,
} from '../../clients/index.ts';
import { InvalidDataError } from '../../errors/index.ts';
import { type Clock, type Duration, milliseconds, realClock } from '../../time/index.ts';
import { callersOwn } from '../callers-error.ts';
import { GoogleCalls, type GoogleStatistics } from '../google-calls.ts';
import { Lazy } from '../lazy.ts';
import { BigQueryCalls } from './bigquery-calls.ts';
import { wantsNewJob } from './bigquery-error.ts';
import type { Script } from './fenced-write.ts';
import { FencedWrites } from './fenced-writes.ts';
import type { JobCall } from './job-call.ts';
import { type Job, Jobs } from './jobs.ts';
import { Loads } from './loads.ts';
import { officialClient } from './official-client.ts';
import { queryConfiguration } from './query-configuration.ts';
import { Rest } from './rest.ts';
import { piecesOf, Staging } from './staging.ts';
import { type Table, tableOf } from './table.ts';
import { rowOf } from './wire.ts';

export interface GoogleBigQueryOptions {
  readonly project: string;
  /** Where the jobs run, such as `US` or `europe-west1`. */
  readonly location: string;
  /** Where the service is, when not at Google's: `http://127.0.0.1:9050`. */
  readonly endpoint?: string | undefined;
  /** The longest a call takes, all its retries counted, where it does not say otherwise itself. Default: 120 s. */
  readonly timeout?: Duration | undefined;
  /** How often a request is sent, and the same done as a new job, at most. Default: 3. */
  readonly attempts?: number | undefined;
  /** The most calls at work at once, pages of streams among them; 1,000 more may wait within their time. Default: 16. */
  readonly concurrency?: number | undefined;
  /** A query fails instead of scanning more, where it does not say otherwise itself. Default: the project's own limit. */
  readonly maximumBytesBilled?: number | undefined;
  /** When a service that keeps failing is left alone. */
  readonly circuit?: ServiceCircuitOptions | undefined;
  readonly clock?: Clock | undefined;
  /** Uniform in [0, 1). Default: Math.random. */
  readonly random?: (() => number) | undefined;
}

export interface GoogleBigQuery extends BigQueryClient {
  readonly timeout: number;
  statistics(): GoogleStatistics;
  /** Waits for cancellations under way, and lets go of the client. */
  close(): Promise<void>;
}

/**
 * BigQuery through the official client: its addresses, credentials and connections, with jobs, retries and values of our own.
 *
 * Each job has an id of our choosing, so that one whose insertion got no answer is adopted, never run twice. It is cancelled at
 * BigQuery when the call is given up, and bears BigQuery's own time-out beside. Failures that may pass are tried again, in the call's
 * time: a request's by another request, a job's by another job. Rows are loaded, not streamed in, so that they can be changed at once.
 *
 * @throws ConfigurationError for a bad option; the first call, if `@google-cloud/bigquery` is not installed.
 */
export function googleBigQuery(options: GoogleBigQueryOptions): GoogleBigQuery {
  return new GoogleBigQueryClient(options);
}

class GoogleBigQueryClient implements GoogleBigQuery {
  readonly timeout: number;
  readonly #project: string;
  readonly #maximumBytesBilled: number | undefined;
  readonly #client: Lazy<BigQuery>;
  readonly #calls: GoogleCalls;
  readonly #rest: Rest;
  readonly #jobs: Jobs;
  readonly #loads: Loads;
  readonly #fenced: FencedWrites;
  readonly #atWork: BigQueryCalls;

  constructor(options: GoogleBigQueryOptions) {
    const { project, location, timeout = '120s', attempts = 3, concurrency = 16 } = options;
    const { clock = realClock, random = Math.random } = options;
    this.timeout = milliseconds('bigquery.timeout', timeout);
    this.#project = project;
    this.#maximumBytesBilled = options.maximumBytesBilled;
    this.#client = new Lazy('bigquery', async () => this.#calls.adopt(await officialClient(options)));
    this.#calls = new GoogleCalls({
      service: 'bigquery',
      clock,
      random,
      timeout,
      attempts,
      circuit: options.circuit,
      settled: wantsNewJob,
    });
    this.#rest = new Rest(this.#client, this.#calls);
    this.#jobs = new Jobs({ rest: this.#rest, project, location, clock, random, attempts });
    const staging = new Staging(this.#rest, this.#jobs, clock);
    this.#loads = new Loads(staging, this.#jobs);
    this.#fenced = new FencedWrites(staging, (script, call) => this.#script(script, call));
    this.#atWork = new BigQueryCalls(this.#calls, concurrency);
  }

  async query<Row = QueryRow>(sql: string, options: QueryOptions<Row> = {}): Promise<Row[]> {
    const configuration = this.#configuration(sql, options);
    const rows = await this.#atWork.run('Query', options, (call) =>
      this.#jobs.run('Query', call, configuration, (job) => this.#rowsOf('Query', call, job)),
    );
    const { schema } = options;
    return schema === undefined ? (rows as Row[]) : rows.map((row, index) => parsedRow(schema, row, index));
  }

  async *stream<Row = QueryRow>(
    sql: string,
    options: QueryOptions<Row> = {},
  ): AsyncGenerator<Row, void, undefined> {
    const configuration = this.#configuration(sql, options);
    // The first page belongs to the job's own call: a job that fails is then done again as a new one. Each of the others is a call.
    const first = await this.#atWork.run('Query', options, (call) =>
      this.#jobs.run('Query', call, configuration, async (job) => ({
        job,
        page: await this.#jobs.page('Query', call, job),
      })),
    );
    const { job } = first;
    let { page } = first;
    let index = 0;
    let ended = false;
    try {
      while (true) {
        const fields = page.schema?.fields ?? [];
        for (const row of page.rows ?? []) {
          const plain = rowOf(fields, row);
          yield options.schema === undefined ? (plain as Row) : parsedRow(options.schema, plain, index);
          index += 1;
        }
        const { pageToken } = page;
        ended = pageToken === undefined;
        if (ended) return;
        page = await this.#atWork.run('Page of a query', options, (call) =>
          this.#jobs.page('Query', call, job, pageToken),
        );
      }
    } finally {
      if (!ended) this.#jobs.cancel(job.id);
    }
  }

  async insert(table: string, rows: readonly object[], options: InsertOptions = {}): Promise<InsertResult> {
    checkInsert(options);
    const { deadLetters, labels } = options;
    if (deadLetters === undefined) return this.#insert(table, rows, options);
    return guardedInsert({
      table,
      rows,
      options: { ...options, deadLetters },
      clock: this.#calls.clock,
      timeout: this.timeout,
      judge: async (bounds) => {
        const { columns } = await this.#atWork.run(`Look at ${table}`, bounds, ({ signal }) =>
          tableOf(this.#rest, this.#project, table, signal),
        );
        return (row, where) => fitting(rowFor(columns, row, where), where);
      },
      insert: (good, within) => this.#insert(table, good, { labels, ...within }),
    });
  }

  #insert(table: string, rows: readonly object[], options: InsertOptions): Promise<WriteResult> {
    return this.#write(table, options, async (target, call) => {
      const checked = rows.map((row, index) => {
        const where = `${table} row ${index + 1}`;
        return fitting(rowFor(target.columns, row, where), where);
      });
      return this.#loads.insert(target, checked, options.insertId, call);
    });
  }

  load(table: string, source: NdjsonSource, options: LoadOptions = {}): Promise<WriteResult> {
    const { mode = 'append', source: name = 'input' } = options;
    return this.#write(table, options, async (target, call) => {
      const rows = async function* () {
        for await (const { where, value } of ndjsonRows(source, name, call.signal))
          yield rowFor(target.columns, value, where);
      };
      return this.#loads.load(target, piecesOf(callersOwn(rows())), mode, call);
    });
  }

  replacePartition(
    table: string,
    partition: Partition,
    rows: readonly object[],
    options: FencedWriteOptions = {},
  ): Promise<WriteResult> {
    const { fence } = options;
    return this.#write(table, options, async (target, call) => {
      checkPartition(partition);
      checkFence(fence);
      const checked = rowsIn(target, partition, rows);
      await this.#fenced.write({ table: target, partition, fence }, checked, call);
      return checked.length;
    });
  }

  merge(table: string, rows: readonly object[], options: MergeOptions): Promise<WriteResult> {
    const { key, scope, fence } = options;
    return this.#write(table, options, async (target, call) => {
      checkMerge(options);
      for (const column of key) requireColumn(target, column);
      const checked = rowsIn(target, scope, rows);
      const keys = new Set(checked.map((row) => JSON.stringify(key.map((column) => row[column]))));
      if (keys.size < checked.length)
        throw new InvalidDataError(`${table}: two rows have the same key (${key.join(', ')})`);
      await this.#fenced.write({ table: target, partition: scope, key, fence }, checked, call);
      return checked.length;
    });
  }

  statistics(): GoogleStatistics {
    return this.#calls.statistics();
  }

  async close(): Promise<void> {
    await this.#jobs.settled();
    await this.#client.close();
    await this.#calls.close();
  }

  async #write(
    table: string,
    options: WriteOptions,
    work: (target: Table, call: JobCall) => Promise<number>,
  ): Promise<WriteResult> {
    tableParts(table);
    const rows = await this.#atWork.run(`Write to ${table}`, options, async (call) =>
      work(await tableOf(this.#rest, this.#project, table, call.signal), call),
    );
    return { rows };
  }

  async #script({ sql, params, types }: Script, call: JobCall): Promise<QueryRow[]> {
    const configuration = this.#configuration(sql, { params, types });
    return this.#jobs.run('Write', call, configuration, (job) => this.#rowsOf('Write', call, job));
  }

  async #rowsOf(what: string, call: JobCall, job: Job): Promise<QueryRow[]> {
    const rows: QueryRow[] = [];
    let pageToken: string | undefined;
    do {
      const page = await this.#jobs.page(what, call, job, pageToken);
      const fields = page.schema?.fields ?? [];
      for (const row of page.rows ?? []) rows.push(rowOf(fields, row));
      pageToken = page.pageToken;
    } while (pageToken !== undefined);
    return rows;
  }

  #configuration<Row>(sql: string, options: QueryOptions<Row>): object {
    return queryConfiguration(sql, options as QueryOptions<never>, this.#maximumBytesBilled);
  }
}
