import type { PutResult, StoredRecord } from '../store/index.ts';
import { neverDue, type Place } from '../store/index.ts';
import type { Clock } from '../time/index.ts';
import type { SharedDatabase } from './shared-database.ts';
import { StoreClock, storeClockSchema } from './store-clock.ts';

export const recordsSchema = `
  CREATE TABLE records (
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    record_version INTEGER NOT NULL,
    due REAL NOT NULL,
    expires REAL NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (collection, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX records_by_due ON records (collection, due, key);
  CREATE INDEX records_by_expires ON records (expires);
  -- Versions are numbers of writes, so that none is ever used again.
  CREATE TABLE writes (id INTEGER PRIMARY KEY CHECK (id = 1), count INTEGER NOT NULL) STRICT;
  INSERT INTO writes VALUES (1, 0);
  ${storeClockSchema}`;

const columns = 'key, version, record_version, due, expires, value';

/** The table of a state file's records. */
export class Records {
  readonly #shared: SharedDatabase;
  readonly #clock: StoreClock;
  readonly #statements;

  constructor(shared: SharedDatabase, clock: Clock) {
    this.#shared = shared;
    this.#clock = shared.writeAtOnce(() => new StoreClock(shared.db, clock));
    const { db } = shared;
    this.#statements = {
      get: db.prepare(
        `SELECT ${columns} FROM records WHERE collection = :collection AND key = :key AND expires > :now`,
      ),
      list: db.prepare(
        `SELECT ${columns} FROM records
         WHERE collection = :collection AND expires > :now AND due <= :dueBefore AND (due, key) > (:afterDue, :afterKey)
         ORDER BY due, key LIMIT :limit`,
      ),
      count: db.prepare('UPDATE writes SET count = count + 1 RETURNING count'),
      put: db.prepare(
        `INSERT OR REPLACE INTO records (collection, ${columns})
         VALUES (:collection, :key, :version, :recordVersion, :due, :expires, :value)`,
      ),
      delete: db.prepare('DELETE FROM records WHERE collection = :collection AND key = :key'),
      // More than one for each write that adds one, so that nothing piles up; few, so that no write takes long.
      dropExpired: db.prepare(
        `DELETE FROM records WHERE (collection, key) IN
           (SELECT collection, key FROM records WHERE expires <= :now ORDER BY expires LIMIT 10)`,
      ),
    };
  }

  get(
    collection: string,
    key: string,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly time: number; readonly found: StoredRecord | undefined }> {
    return this.#shared.read(signal, () => {
      // Taken before looking, so that nothing is judged over too early.
      const time = this.#clock.now();
      return { time, found: this.#find(collection, key, time)?.record };
    });
  }

  put(
    collection: string,
    key: string,
    record: Omit<StoredRecord, 'version'>,
    ifVersion: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<PutResult> {
    return this.#shared.write(signal, (): PutResult => {
      const time = this.#clock.now();
      if (this.#find(collection, key, time)?.record.version !== ifVersion) return { ok: false, time };
      this.#statements.dropExpired.run({ now: time });
      const { count: version } = this.#statements.count.get() as { count: number };
      this.#statements.put.run({
        collection,
        key,
        version,
        recordVersion: record.recordVersion,
        due: record.due ?? neverDue,
        expires: record.expires,
        value: record.json,
      });
      return { ok: true, version: String(version), time };
    });
  }

  delete(
    collection: string,
    key: string,
    ifVersion: string,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    return this.#shared.write(signal, () => {
      const time = this.#clock.now();
      if (this.#find(collection, key, time)?.record.version !== ifVersion) return false;
      this.#statements.dropExpired.run({ now: time });
      this.#statements.delete.run({ collection, key });
      return true;
    });
  }

  /** One record more than `limit` where there are more. */
  list(
    collection: string,
    query: {
      readonly dueBefore: number | undefined;
      readonly limit: number;
      readonly after: Place | undefined;
    },
    signal: AbortSignal | undefined,
  ): Promise<{ readonly time: number; readonly found: readonly Found[] }> {
    return this.#shared.read(signal, () => {
      const time = this.#clock.now();
      const rows = this.#statements.list.all({
        collection,
        now: time,
        dueBefore: query.dueBefore ?? neverDue,
        afterDue: query.after?.due ?? -neverDue,
        afterKey: query.after?.key ?? '',
        limit: query.limit + 1,
      });
      return { time, found: (rows as unknown as Row[]).map(foundOf) };
    });
  }

  #find(collection: string, key: string, now: number): Found | undefined {
    const row = this.#statements.get.get({ collection, key, now });
    return row === undefined ? undefined : foundOf(row as unknown as Row);
  }
}

export interface Found {
  readonly key: string;
  readonly record: StoredRecord;
}

interface Row {
  readonly key: string;
  readonly version: number;
  readonly record_version: number;
  readonly due: number;
  readonly expires: number;
  readonly value: string;
}

function foundOf({ key, version, record_version: recordVersion, due, expires, value: json }: Row): Found {
  const record = {
    json,
    recordVersion,
    version: String(version),
    due: due === neverDue ? undefined : due,
    expires,
  };
  return { key, record };
}
