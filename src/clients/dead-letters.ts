import { randomUUID } from 'node:crypto';
import { BreakwaterError, ConfigurationError, InvalidDataError, TimeoutError } from '../errors/index.ts';
import { type Clock, milliseconds } from '../time/index.ts';
import type {
  BigQueryClient,
  DeadLetters,
  InsertOptions,
  InsertResult,
  RejectedRow,
  TableName,
  WriteResult,
} from './bigquery.ts';
import type { CallOptions } from './call.ts';
import { ndjsonRows } from './ndjson-rows.ts';
import { checkObjectPath } from './object-path.ts';
import { tableParts } from './table-writes.ts';

/** An insert with dead letters, and what its client lends it. */
export interface GuardedInsert {
  readonly table: TableName;
  readonly rows: readonly object[];
  readonly options: InsertOptions & { readonly deadLetters: DeadLetters };
  readonly clock: Clock;
  /** Milliseconds for the whole of it, where the options name none. */
  readonly timeout: number;
  /** How the table would judge a row. @throws InvalidDataError */
  judge(options: CallOptions): Promise<(row: object, where: string) => unknown>;
  /** Inserts rows that were judged good: all of them, or none. */
  insert(
    rows: readonly object[],
    options: InsertOptions & { readonly insertId: string },
  ): Promise<WriteResult>;
}

/** @throws ConfigurationError for an id or a folder that can't be one. */
export function checkInsert({ insertId, deadLetters }: InsertOptions): void {
  if (insertId !== undefined && !/^[\w.:/@-]{1,100}$/.test(insertId)) {
    throw new ConfigurationError('insertId', '1 to 100 letters, digits and . : / @ _ -', insertId);
  }
  if (deadLetters !== undefined) checkObjectPath(deadLetters.prefix);
}

/**
 * Every row is at each moment in the caller's hands, in the table, or in a file: the rejected ones are put down before the others are
 * inserted, and these before they are sent. Their file goes when they were acknowledged; one that is left though they were
 * is inserted again under the same id, which changes nothing.
 */
export async function guardedInsert(call: GuardedInsert): Promise<InsertResult> {
  const { table, options } = call;
  const { insertId = randomUUID(), deadLetters } = options;
  const { storage } = deadLetters;
  tableParts(table);
  const bounds = steps(call);
  const judge = await call.judge(bounds());
  const { good, rejected } = sorted(call.rows, table, judge);
  const rejectedPath = pathOf(deadLetters, table, insertId, 'rejected');
  if (rejected.length > 0) await storage.save(rejectedPath, linesOf(rejected), bounds());
  const rows = good.length === 0 ? 0 : await insertKept();
  return {
    rows,
    ...(rejected.length > 0 && { rejected: { rows: rejected.length, path: rejectedPath } }),
  };

  async function insertKept(): Promise<number> {
    const path = pathOf(deadLetters, table, insertId, 'rows');
    await storage.save(path, linesOf(good), bounds());
    const written = await call.insert(good, { ...bounds(), insertId });
    try {
      await storage.delete(path, bounds());
    } catch (error) {
      // The rows are in the table: a file that stays for now is harmless.
      if (!(error instanceof BreakwaterError) && options.signal?.aborted !== true) throw error;
    }
    return written.rows;
  }
}

/**
 * Inserts what was left by inserts with these dead letters: of processes that were killed, and of calls that failed. What had landed all the
 * same is not inserted again. For a job that is run now and then.
 *
 * @param options `signal` and `timeout` bound each request.
 * @returns How many files and rows are in their tables now. The first that can't be inserted ends it with its error.
 */
export async function insertUnacknowledged(
  bigquery: Pick<BigQueryClient, 'insert'>,
  deadLetters: DeadLetters,
  options: CallOptions = {},
): Promise<{ readonly files: number; readonly rows: number }> {
  const { storage, prefix } = deadLetters;
  checkObjectPath(prefix);
  const signal = options.signal ?? new AbortController().signal;
  let [files, rows] = [0, 0];
  let after: string | undefined;
  while (true) {
    const page = await storage.list(`${prefix}/`, { ...options, after });
    if (page.length === 0) return { files, rows };
    for (const { path } of page) {
      const [, table = '', id] = /([^/]+)\/([^/]+)\.rows\.ndjson$/.exec(path.slice(prefix.length)) ?? [];
      const found = id === undefined ? undefined : await storage.read(path, options);
      if (id === undefined || found === undefined) continue;
      const kept: object[] = [];
      for await (const { value } of ndjsonRows(found.data, path, signal)) kept.push(value as object);
      const insertId = decodeURIComponent(id);
      rows += (await bigquery.insert(table, kept, { ...options, insertId, deadLetters })).rows;
      files += 1;
    }
    after = page.at(-1)?.path;
  }
}

function pathOf(
  { prefix }: DeadLetters,
  table: TableName,
  insertId: string,
  what: 'rejected' | 'rows',
): string {
  return `${prefix}/${table}/${encodeURIComponent(insertId)}.${what}.ndjson`;
}

function sorted(
  rows: readonly object[],
  table: TableName,
  judge: (row: object, where: string) => unknown,
): { readonly good: readonly object[]; readonly rejected: readonly RejectedRow[] } {
  const good: object[] = [];
  const rejected: RejectedRow[] = [];
  for (const [index, row] of rows.entries()) {
    try {
      judge(row, `${table} row ${index + 1}`);
      good.push(row);
    } catch (error) {
      if (!(error instanceof InvalidDataError)) throw error;
      rejected.push({ row: index + 1, reason: error.message, data: shown(row) });
    }
  }
  return { good, rejected };
}

/** What JSON can't hold is shown as text. */
function shown(row: object): unknown {
  try {
    return JSON.parse(
      JSON.stringify(row, (_, value: unknown) =>
        typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))
          ? String(value)
          : value,
      ),
    );
  } catch {
    return String(row);
  }
}

function linesOf(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** The bounds of one step after the other, all of them within the call's. */
function steps({ clock, options, timeout, table }: GuardedInsert): () => CallOptions {
  const { signal } = options;
  const after = milliseconds('timeout', options.timeout ?? timeout);
  const end = clock.now() + after;
  return () => {
    const left = end - clock.now();
    if (left <= 0) throw new TimeoutError(`Insert into ${table} was not done within ${after} ms`, after);
    return { signal, timeout: left };
  };
}
