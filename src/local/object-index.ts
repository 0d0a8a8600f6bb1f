import type { StoredObject } from '../clients/index.ts';
import { nextFence } from '../store/index.ts';
import type { Clock } from '../time/index.ts';
import type { FileFound } from './object-files.ts';
import type { SharedDatabase } from './shared-database.ts';

export const objectIndexSchema = `
  CREATE TABLE objects (
    path TEXT PRIMARY KEY,
    generation INTEGER NOT NULL,
    -- Of the file that has this generation.
    identity TEXT NOT NULL,
    updated TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  -- The last generation given out, of any object, also of deleted ones.
  CREATE TABLE generations (id INTEGER PRIMARY KEY CHECK (id = 1), last INTEGER NOT NULL) STRICT;
  INSERT INTO generations VALUES (1, 0)`;

/** Which generation each file has. */
export class ObjectIndex {
  readonly #clock: Clock;
  readonly #shared: SharedDatabase;
  readonly #statements;

  constructor(shared: SharedDatabase, clock: Clock) {
    this.#clock = clock;
    this.#shared = shared;
    const { db } = shared;
    this.#statements = {
      paths: db.prepare('SELECT path FROM objects'),
      get: db.prepare('SELECT generation, identity, updated FROM objects WHERE path = :path'),
      last: db.prepare('SELECT last FROM generations'),
      next: db.prepare('UPDATE generations SET last = :generation'),
      put: db.prepare('INSERT OR REPLACE INTO objects VALUES (:path, :generation, :identity, :updated)'),
      delete: db.prepare('DELETE FROM objects WHERE path = :path'),
    };
  }

  /** The object, if the file is the one that the index knows. */
  known(path: string, { identity, size }: FileFound): StoredObject | undefined {
    const row = this.#statements.get.get({ path });
    if (row === undefined || row.identity !== identity) return undefined;
    return { path, generation: row.generation as number, size, updated: row.updated as string };
  }

  /** The object; a file that the index does not know gets a new generation. Only in a write. */
  knownOrEntered(path: string, found: FileFound): StoredObject {
    return this.known(path, found) ?? this.enter(path, found, found.changed);
  }

  /** Gives the file a new generation. Only in a write. */
  enter(path: string, { identity, size }: FileFound, at = this.#clock.wallNow()): StoredObject {
    const updated = new Date(at).toISOString();
    // Near the wall time, so that an index that was lost and made anew does not start again at 1.
    const last = this.#statements.last.get() as { last: number };
    const generation = nextFence(last.last, this.#clock.wallNow());
    this.#statements.next.run({ generation });
    this.#statements.put.run({ path, generation, identity, updated });
    return { path, generation, size, updated };
  }

  /** Only in a write. */
  forget(path: string): void {
    this.#statements.delete.run({ path });
  }

  /** Forgets objects whose files were deleted by hand. */
  forgetMissing(isThere: (path: string) => boolean): void {
    const missing = this.#statements.paths
      .all()
      .map(({ path }) => path as string)
      .filter((path) => !isThere(path));
    if (missing.length === 0) return;
    this.#shared.writeAtOnce(() => {
      for (const path of missing) if (!isThere(path)) this.forget(path);
    });
  }
}
