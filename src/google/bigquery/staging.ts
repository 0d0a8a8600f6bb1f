import { randomUUID } from 'node:crypto';
import { ServiceError } from '../../errors/index.ts';
import type { Clock } from '../../time/index.ts';
import type { JobCall } from './job-call.ts';
import type { Job, JobName, Jobs } from './jobs.ts';
import { isThere, type Rest } from './rest.ts';
import { pathOf, sqlName, type Table } from './table.ts';

/** Rows on their way into a table: lines of JSON, whole, of a size that one request takes. */
export type Pieces = AsyncIterable<{ readonly lines: Buffer; readonly rows: number }>;

/** A request takes 10 MB; the rest of it is small. A row that is longer is a piece by itself. */
const largestPiece = 8 * 2 ** 20;
const mostRows = 50_000;
/** BigQuery deletes a staging table that its writer could not. */
const keptFor = 6 * 3_600_000;

/** The rows as pieces of NDJSON, each as large as may be. */
export async function* piecesOf(rows: Iterable<object> | AsyncIterable<object>): Pieces {
  let lines: Buffer[] = [];
  let size = 0;
  for await (const row of rows) {
    const line = Buffer.from(`${JSON.stringify(row)}\n`);
    if (size > 0 && (size + line.length > largestPiece || lines.length === mostRows)) {
      yield { lines: Buffer.concat(lines), rows: lines.length };
      lines = [];
      size = 0;
    }
    lines.push(line);
    size += line.length;
  }
  if (lines.length > 0) yield { lines: Buffer.concat(lines), rows: lines.length };
}

/** Tables beside the table, for rows that are to appear in it all at once. */
export class Staging {
  readonly #rest: Rest;
  readonly #jobs: Jobs;
  readonly #clock: Clock;

  constructor(rest: Rest, jobs: Jobs, clock: Clock) {
    this.#rest = rest;
    this.#jobs = jobs;
    this.#clock = clock;
  }

  /** Loads one piece by one job, which adds all of it or nothing. */
  async load(
    table: Table,
    lines: Buffer,
    mode: 'append' | 'truncate',
    call: JobCall,
    name?: JobName,
  ): Promise<void> {
    const what = `Load into ${table.given}`;
    const load = {
      destinationTable: table.reference,
      sourceFormat: 'NEWLINE_DELIMITED_JSON',
      createDisposition: 'CREATE_NEVER',
      writeDisposition: mode === 'append' ? 'WRITE_APPEND' : 'WRITE_TRUNCATE',
      schema: { fields: table.fields },
    };
    const finish = (job: Job) => this.#jobs.done(what, call, job);
    await this.#jobs.run(what, call, { load }, finish, { media: lines, name });
  }

  /** Adds all rows of one table to another, or puts them in the place of its rows. */
  async copy(
    from: Table,
    to: Table,
    mode: 'append' | 'truncate',
    call: JobCall,
    name?: JobName,
  ): Promise<void> {
    const what = `Copy into ${to.given}`;
    const copy = {
      sourceTable: from.reference,
      destinationTable: to.reference,
      createDisposition: 'CREATE_NEVER',
      writeDisposition: mode === 'append' ? 'WRITE_APPEND' : 'WRITE_TRUNCATE',
    };
    await this.#jobs.run(what, call, { copy }, (job) => this.#jobs.done(what, call, job), { name });
  }

  /** Puts the rows into a table of their own, and drops it when the work is done, however it ends. */
  async of<T>(table: Table, pieces: Pieces, call: JobCall, work: (staging: Table) => Promise<T>): Promise<T> {
    const staging = await this.#create(table, call);
    try {
      for await (const { lines } of pieces) await this.load(staging, lines, 'append', call);
      return await work(staging);
    } finally {
      await this.#drop(staging, call);
    }
  }

  async #create(table: Table, { signal }: JobCall): Promise<Table> {
    const tableId = `${table.reference.tableId}_staging_${randomUUID().replaceAll('-', '')}`;
    const reference = { ...table.reference, tableId };
    const what = `Staging of ${table.given}`;
    const json = {
      tableReference: reference,
      schema: { fields: table.fields },
      expirationTime: String(Math.floor(this.#clock.wallNow()) + keptFor),
    };
    const path = `/datasets/${reference.datasetId}/tables`;
    await this.#rest.send<unknown>(
      what,
      signal,
      { method: 'POST', path, project: reference.projectId, json },
      // Nobody else knows the name: it is ours.
      (error, { attempt }) => (isThere(error) && attempt > 1 ? {} : undefined),
    );
    return { ...table, given: `${table.given} (staging)`, reference, sql: sqlName(reference) };
  }

  async #drop({ reference }: Table, { signal }: JobCall): Promise<void> {
    if (signal.aborted) return;
    const request = { method: 'DELETE', path: pathOf(reference), project: reference.projectId } as const;
    // It expires all the same.
    await this.#rest.send<unknown>('Drop of staging', signal, request).catch((error: unknown) => {
      if (!(error instanceof ServiceError)) throw error;
    });
  }
}
