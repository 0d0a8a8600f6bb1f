import type {
  DuckDBConnection,
  DuckDBInstance,
  DuckDBPreparedStatement,
  DuckDBType,
  DuckDBValue,
} from '@duckdb/node-api';
import { ServiceError, TimeoutError } from '../../errors/index.ts';
import { type Clock, type Deadline, deadlineTimer, realClock, type Timer } from '../../time/index.ts';
import { macros } from './dialect/macros.ts';
import { translated } from './duck-errors.ts';
import { Permits } from './permits.ts';

export interface Bounds {
  readonly signal: AbortSignal | undefined;
  /** Milliseconds. */
  readonly timeout: number;
}

// Each busy connection occupies one of Node's four threads for files and names: some are left for the rest of the process.
const mostConnections = 3;

/** DuckDB's connections, a few, lent one call at a time. */
export class Connections {
  readonly #instance: DuckDBInstance;
  readonly #clock: Clock;
  readonly #idle: DuckDBConnection[] = [];
  readonly #permits = new Permits(mostConnections);
  readonly #writing = new Permits(1);
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(instance: DuckDBInstance, clock: Clock) {
    this.#instance = instance;
    this.#clock = clock;
  }

  /**
   * Does the work on a connection of its own. Once the caller aborts or the time is up, what runs is interrupted, and it
   * rejects with the caller's reason or a TimeoutError. It never settles before DuckDB has: what is rejected was not written.
   */
  read<T>(bounds: Bounds, work: (session: Session) => Promise<T>): Promise<T> {
    return this.#tracked(this.#bounded(bounds, (signal) => this.#lend(signal, work)));
  }

  /**
   * The same in one transaction: all of the work, or nothing. Writers go one after the other, as DuckDB would let all but one
   * of them fail; those that wait hold no connection.
   */
  write<T>(bounds: Bounds, work: (session: Session) => Promise<T>): Promise<T> {
    return this.writeInSteps(bounds, (session) => session.transaction(() => work(session)));
  }

  /** The same with no transaction around it: what the work does is committed statement by statement, or as it says itself. */
  writeInSteps<T>(bounds: Bounds, work: (session: Session) => Promise<T>): Promise<T> {
    const done = this.#bounded(bounds, async (signal) => {
      const giveBack = await this.#writing.take(signal);
      try {
        return await this.#lend(signal, work);
      } finally {
        giveBack();
      }
    });
    return this.#tracked(done);
  }

  /** Interrupts what runs, and waits for its end. */
  async close(): Promise<void> {
    this.#closing.abort(closed());
    await Promise.allSettled(this.#running);
    for (const connection of this.#idle.splice(0)) connection.closeSync();
  }

  #tracked<T>(done: Promise<T>): Promise<T> {
    this.#running.add(done);
    const forget = () => this.#running.delete(done);
    done.then(forget, forget);
    return done;
  }

  async #lend<T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> {
    const giveBack = await this.#permits.take(signal);
    let connection: DuckDBConnection | undefined;
    try {
      connection = this.#idle.pop() ?? (await this.#connect());
      return await work(new Session(connection, signal));
    } finally {
      if (connection !== undefined) this.#idle.push(connection);
      giveBack();
    }
  }

  async #bounded<T>({ signal, timeout }: Bounds, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    const stop = new AbortController();
    const onAbort = () => stop.abort(signal?.reason);
    const onClose = () => stop.abort(this.#closing.signal.reason);
    const late = () =>
      stop.abort(new TimeoutError(`The warehouse did not answer within ${timeout} ms`, timeout));
    let deadline: Deadline | undefined;
    if (timeout !== Infinity) deadline = deadlineTimer(this.#clock).add(this.#clock.now() + timeout, late);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#closing.signal.addEventListener('abort', onClose, { once: true });
    try {
      return await work(stop.signal);
    } catch (error) {
      throw stop.signal.aborted ? stop.signal.reason : translated(error);
    } finally {
      if (deadline !== undefined) deadlineTimer(this.#clock).cancel(deadline);
      signal?.removeEventListener('abort', onAbort);
      this.#closing.signal.removeEventListener('abort', onClose);
    }
  }

  async #connect(): Promise<DuckDBConnection> {
    const connection = await this.#instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    await connection.run("SET default_null_order = 'NULLS_FIRST_ON_ASC_LAST_ON_DESC'");
    await connection.run("SET VARIABLE bq_now = TIMESTAMPTZ '1970-01-01 00:00:00+00'");
    for (const macro of macros) await connection.run(`CREATE TEMP MACRO ${macro}`);
    return connection;
  }
}

export type Values = Readonly<Record<string, DuckDBValue>>;

/** A connection for one call; no statement begins after the call was stopped, and the one that runs is interrupted. */
export class Session {
  readonly signal: AbortSignal;
  readonly #connection: DuckDBConnection;

  constructor(connection: DuckDBConnection, signal: AbortSignal) {
    this.#connection = connection;
    this.signal = signal;
  }

  async run(sql: string, values?: Values, types?: Readonly<Record<string, DuckDBType>>): Promise<void> {
    await this.#interruptible(() => this.#connection.run(sql, values as never, types));
  }

  /** The rows, each a list of its values. */
  async rows(sql: string, values?: Values): Promise<DuckDBValue[][]> {
    const reader = await this.#interruptible(() => this.#connection.runAndReadAll(sql, values as never));
    return reader.getRows();
  }

  /** Does something with a prepared statement, and lets go of it. */
  async prepared<T>(sql: string, work: (statement: DuckDBPreparedStatement) => Promise<T>): Promise<T> {
    return this.#interruptible(async () => {
      const statement = await this.#connection.prepare(sql);
      try {
        this.signal.throwIfAborted();
        return await work(statement);
      } finally {
        statement.destroySync();
      }
    });
  }

  /** BEGIN, the work, and COMMIT; or else ROLLBACK. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.run('BEGIN TRANSACTION');
    try {
      const result = await work();
      await this.run('COMMIT');
      return result;
    } catch (error) {
      // Not by `run`: it must come also when the call was stopped.
      await this.#connection.run('ROLLBACK').catch((failure: unknown) => {
        if (!/no transaction is active/.test(String(failure))) throw failure;
      });
      throw error;
    }
  }

  async #interruptible<T>(work: () => Promise<T>): Promise<T> {
    this.signal.throwIfAborted();
    let again: Timer | undefined;
    // What has not begun when it is interrupted DuckDB begins all the same: it is told until it has ended.
    const interrupt = () => {
      this.#connection.interrupt();
      again = realClock.setTimer(10, interrupt);
    };
    this.signal.addEventListener('abort', interrupt, { once: true });
    try {
      return await work();
    } finally {
      this.signal.removeEventListener('abort', interrupt);
      again?.cancel();
    }
  }
}

function closed(): ServiceError {
  return new ServiceError('The warehouse was closed', {
    service: 'bigquery',
    kind: 'permanent',
    code: 'closed',
  });
}
