import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { ServiceError, TimeoutError } from '../../errors/index.ts';
import type { Clock } from '../../time/index.ts';
import { macros } from './dialect/macros.ts';

export interface Bounds {
  readonly signal: AbortSignal | undefined;
  /** Milliseconds. */
  readonly timeout: number;
}

/** DuckDB's connections, a few, lent one call at a time; a call that is over its bounds is interrupted. */
export class Connections {
  readonly #instance: DuckDBInstance;
  readonly #clock: Clock;
  readonly #idle: DuckDBConnection[] = [];
  readonly #waiting: (() => void)[] = [];
  #lent = 0;
  readonly #most: number;

  constructor(instance: DuckDBInstance, clock: Clock, most: number) {
    this.#instance = instance;
    this.#clock = clock;
    this.#most = most;
  }

  /** Lends a connection to the work; rejects with the signal's reason, or a TimeoutError, once it has been interrupted. */
  async lend<T>(bounds: Bounds, work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const { signal, timeout } = bounds;
    signal?.throwIfAborted();
    const stop: { reason: unknown; asked: boolean } = { reason: undefined, asked: false };
    let connection: DuckDBConnection | undefined;
    let wake: (() => void) | undefined;
    const end = (reason: unknown) => {
      if (stop.asked) return;
      stop.asked = true;
      stop.reason = reason;
      connection?.interrupt();
      wake?.();
    };
    const onAbort = () => end(signal?.reason);
    const late = () => end(new TimeoutError(`The warehouse did not answer within ${timeout} ms`, timeout));
    const timer = timeout === Infinity ? undefined : this.#clock.setTimer(timeout, late);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      while (this.#lent >= this.#most && !stop.asked) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          this.#waiting.push(resolve);
        });
      }
      if (stop.asked) throw stop.reason;
      this.#lent += 1;
      try {
        connection = this.#idle.pop() ?? (await this.#connect());
        if (stop.asked) throw stop.reason;
        const result = await work(connection);
        // What was finished although it was asked to stop has happened: it is told as it is.
        return result;
      } finally {
        this.#lent -= 1;
        if (connection !== undefined) this.#idle.push(connection);
        this.#waiting.shift()?.();
      }
    } catch (error) {
      throw stop.asked ? stop.reason : translated(error);
    } finally {
      timer?.cancel();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  close(): void {
    for (const connection of this.#idle.splice(0)) connection.closeSync();
  }

  async #connect(): Promise<DuckDBConnection> {
    const connection = await this.#instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    await connection.run("SET VARIABLE bq_now = TIMESTAMPTZ '1970-01-01 00:00:00+00'");
    await connection.run("SET default_null_order = 'NULLS_FIRST_ON_ASC_LAST_ON_DESC'");
    for (const macro of macros) await connection.run(`CREATE TEMP MACRO ${macro}`);
    return connection;
  }
}

/** DuckDB tells the kind of an error by the first words of its message, and in no other way. */
function translated(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'Error') return error;
  const kind = /^([A-Z][A-Za-z ]+ Error): /.exec(error.message)?.[1];
  if (kind === undefined) return error;
  const [message] = error.message.split('\n');
  const code = kind === 'Catalog Error' ? 'notFound' : 'invalidQuery';
  return new ServiceError(
    message as string,
    { service: 'bigquery', kind: 'permanent', code },
    { cause: error },
  );
}
