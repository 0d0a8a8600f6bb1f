import { createHash, randomUUID } from 'node:crypto';
import {
  BreakwaterError,
  ConfigurationError,
  InvalidDataError,
  PreconditionError,
  TimeoutError,
  UnacknowledgedError,
} from '../errors/index.ts';
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
  const letter =
    rejected.length === 0 ? undefined : await putDown(call, deadLetters, insertId, rejected, bounds);
  const rows = good.length === 0 ? 0 : await insertKept();
  return {
    rows,
    ...(letter !== undefined && { rejected: { rows: rejected.length, path: letter } }),
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
 * Puts rejected rows down where nothing lies, so that those of an earlier insert under the same id stay: the table may have been another then.
 * The same rows for the same reasons have one file.
 */
async function putDown(
  { table }: GuardedInsert,
  deadLetters: DeadLetters,
  insertId: string,
  rejected: readonly RejectedRow[],
  bounds: () => CallOptions,
): Promise<string> {
  const { storage } = deadLetters;
  const lines = Buffer.from(linesOf(rejected));
  const put = async (path: string) => {
    try {
      await storage.save(path, lines, { ...bounds(), ifGeneration: 0 });
      return true;
    } catch (error) {
      if (error instanceof PreconditionError) return false;
      throw error;
    }
  };
  const first = pathOf(deadLetters, table, insertId, 'rejected');
  if (await put(first)) return first;
  const there = await storage.read(first, bounds());
  if (there !== undefined && lines.equals(there.data)) return first;
  const digest = createHash('sha256').update(lines).digest('hex').slice(0, 16);
  const other = pathOf(deadLetters, table, insertId, `rejected-${digest}`);
  // Its name tells what is in it: what is there already is the same.
  await put(other);
  return other;
}

/** Of so many failures it is told which they are. */
const mostFailures = 100;

/**
 * Inserts what was left by inserts with these dead letters: of processes that were killed, and of calls that failed. What had landed all the
 * same is not inserted again. For a job that is run now and then.
 *
 * @param options `signal` and `timeout` bound each request.
 * @returns How many files and rows are in their tables now, or were put down as rejected.
 * @throws UnacknowledgedError after all others were inserted, if some could not be: they lie where they lay.
 */
export async function insertUnacknowledged(
  bigquery: Pick<BigQueryClient, 'insert'>,
  deadLetters: DeadLetters,
  options: CallOptions = {},
): Promise<{ readonly files: number; readonly rows: number }> {
  const { storage, prefix } = deadLetters;
  checkObjectPath(prefix);
  const failures: { path: string; error: unknown }[] = [];
  let [files, rows, failed] = [0, 0, 0];
  let after: string | undefined;
  while (true) {
    const page = await storage.list(`${prefix}/`, { ...options, after });
    if (page.length === 0) break;
    for (const { path } of page) {
      const [, table = '', id] = /([^/]+)\/([^/]+)\.rows\.ndjson$/.exec(path.slice(prefix.length)) ?? [];
      if (id === undefined) continue;
      try {
        const inserted = await insertFile(path, table, decodeURIComponent(id));
        if (inserted === undefined) continue;
        files += 1;
        rows += inserted;
      } catch (error) {
        if (options.signal?.aborted) throw error;
        failed += 1;
        if (failures.length < mostFailures) failures.push({ path, error });
      }
    }
    after = page.at(-1)?.path;
  }
  if (failed > 0) throw new UnacknowledgedError(failed, failures, { files, rows });
  return { files, rows };

  async function insertFile(path: string, table: TableName, insertId: string): Promise<number | undefined> {
    const found = await storage.read(path, options);
    if (found === undefined) return undefined;
    const kept: object[] = [];
    const signal = options.signal ?? new AbortController().signal;
    for await (const { value } of ndjsonRows(found.data, path, signal)) kept.push(value as object);
    const inserted = await bigquery.insert(table, kept, { ...options, insertId, deadLetters });
    // Where the table takes none of them any more, all are rejected now, and nothing has touched their file.
    if (inserted.rows === 0) await deleteUnchanged(path, found.object.generation);
    return inserted.rows;
  }

  async function deleteUnchanged(path: string, ifGeneration: number): Promise<void> {
    try {
      await storage.delete(path, { ...options, ifGeneration });
    } catch (error) {
      if (!(error instanceof PreconditionError)) throw error;
    }
  }
}

function pathOf(
  { prefix }: DeadLetters,
  table: TableName,
  insertId: string,
  what: 'rows' | 'rejected' | `rejected-${string}`,
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
