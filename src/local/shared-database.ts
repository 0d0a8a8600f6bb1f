import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BreakwaterError, ConfigurationError, StoreUnavailableError } from '../errors/index.ts';
import { loadSqlite } from './load-sqlite.ts';

export interface SharedDatabaseOptions {
  readonly file: string;
  /** What the file is, for errors, such as `a state file of breakwater`. */
  readonly what: string;
  /** SQLite's application id: tells our files from others. */
  readonly application: number;
  /** Grows with every change of the schema. */
  readonly version: number;
  /** Statements that make a new file's tables. */
  readonly schema: string;
}

// While another process writes, a try waits so long; between tries this process goes on with its other work.
const waitPerTry = 100;
const mostTries = 50;

/**
 * One SQLite file that several processes of one machine use at once.
 *
 * A write-ahead log lets readers go on beside the one writer; every commit is on the disk before it is answered
 * (`synchronous=FULL`), as a claim that a power cut takes back would be given out twice. A process that is killed loses its
 * locks with its life, and what it had not committed.
 */
export class SharedDatabase {
  readonly db: DatabaseSync;
  readonly #file: string;

  /**
   * @throws ConfigurationError for a file that is something else, of a newer release, or can't be opened.
   * @throws StoreUnavailableError for one that stays locked or can't be read.
   */
  constructor(options: SharedDatabaseOptions) {
    this.#file = options.file;
    this.db = open(options);
  }

  /** Runs a read; other processes' writes don't stop it. @throws StoreUnavailableError */
  read<T>(signal: AbortSignal | undefined, work: () => T): Promise<T> {
    return this.#tried(signal, work);
  }

  /** Runs `work` as the only writer: all of it is kept, or nothing. It must be synchronous. @throws StoreUnavailableError */
  write<T>(signal: AbortSignal | undefined, work: () => T): Promise<T> {
    return this.#tried(signal, () => transaction(this.db, work));
  }

  /** The same at once, for the constructors of what works on the file. */
  writeAtOnce<T>(work: () => T): T {
    try {
      return patiently(() => transaction(this.db, work));
    } catch (error) {
      throw unavailable(this.#file, error);
    }
  }

  close(): void {
    if (this.db.isOpen) this.db.close();
  }

  async #tried<T>(signal: AbortSignal | undefined, work: () => T): Promise<T> {
    for (let tries = 1; ; tries++) {
      signal?.throwIfAborted();
      if (!this.db.isOpen) throw new StoreUnavailableError(`${this.#file} has been closed`);
      try {
        return work();
      } catch (error) {
        if (!isBusy(error) || tries === mostTries) throw unavailable(this.#file, error);
      }
      await nextTurn();
    }
  }
}

function open(options: SharedDatabaseOptions): DatabaseSync {
  const { file, what } = options;
  const { DatabaseSync } = loadSqlite();
  let db: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true });
    // Resolved, as SQLite takes `:memory:` and `file:` for more than names.
    db = new DatabaseSync(resolve(file), { timeout: waitPerTry });
    prepareFile(db, options);
    return db;
  } catch (error) {
    if (db?.isOpen) db.close();
    if (cantBeOpened.has(resultCode(error)) || 'syscall' in (error as object)) {
      throw new ConfigurationError('file', `${what}, or a new one in a folder that can be written`, file, {
        cause: error,
      });
    }
    throw unavailable(file, error);
  }
}

function prepareFile(
  db: DatabaseSync,
  { file, what, application, version, schema }: SharedDatabaseOptions,
): void {
  const isNew = patiently(() => {
    const found = numberOf(db, 'PRAGMA application_id');
    const empty = found === 0 && numberOf(db, 'SELECT count(*) FROM sqlite_master') === 0;
    if (!empty && found !== application) throw new ConfigurationError('file', what, file);
    return empty;
  });
  patiently(() => {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  });
  if (isNew) {
    patiently(() =>
      transaction(db, () => {
        // Another process may have been first.
        if (numberOf(db, 'PRAGMA application_id') === application) return;
        db.exec(`${schema}; PRAGMA application_id = ${application}; PRAGMA user_version = ${version}`);
      }),
    );
  }
  const found = patiently(() => numberOf(db, 'PRAGMA user_version'));
  if (found !== version) {
    throw new ConfigurationError(
      'file',
      `${what} of version ${version} (this one is of version ${found})`,
      file,
    );
  }
}

function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

function numberOf(db: DatabaseSync, sql: string): number {
  return Object.values(db.prepare(sql).get() ?? {})[0] as number;
}

/** Opening is synchronous: where SQLite itself does not wait for a lock, this does. */
function patiently<T>(work: () => T): T {
  for (let tries = 1; ; tries++) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || tries === mostTries) throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitPerTry / 5);
  }
}

// SQLite's result codes; the low byte of an extended one.
const busy = 5;
const locked = 6;
const cantBeOpened = new Set<number | undefined>([
  3 /* PERM */, 8 /* READONLY */, 14 /* CANTOPEN */, 26 /* NOTADB */,
]);

function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === busy || code === locked;
}

function resultCode(error: unknown): number | undefined {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === 'number' ? errcode & 0xff : undefined;
}

/** SQLite's errors as the store's; others are left as they are. */
function unavailable(file: string, error: unknown): unknown {
  if (error instanceof BreakwaterError || resultCode(error) === undefined) return error;
  const message = isBusy(error)
    ? `${file} stayed locked by another process`
    : `${file} can't be used: ${(error as Error).message}`;
  return new StoreUnavailableError(message, { cause: error });
}
