import { createHash } from 'node:crypto';
import type { JobCall } from './job-call.ts';
import type { JobName, Jobs } from './jobs.ts';
import { type Pieces, piecesOf, type Staging } from './staging.ts';
import type { Table } from './table.ts';

/** Rows on their way into a table, all of them by one job: it adds them all, or none. */
export class Loads {
  readonly #staging: Staging;
  readonly #jobs: Jobs;

  constructor(staging: Staging, jobs: Jobs) {
    this.#staging = staging;
    this.#jobs = jobs;
  }

  /** Rows under an id: those that an earlier call has loaded under it are not loaded again. */
  async insert(
    table: Table,
    rows: readonly object[],
    insertId: string | undefined,
    call: JobCall,
  ): Promise<number> {
    if (insertId === undefined) return this.load(table, piecesOf(rows), 'append', call);
    const earlier = await this.#jobs.earlier(`Insert into ${table.given}`, call, nameOf(table, insertId));
    if (earlier.done) return rows.length;
    return this.load(table, piecesOf(rows), 'append', call, earlier.next);
  }

  /** The rows by their own job where they are one piece, else by a copy of where they were gathered. */
  async load(
    table: Table,
    pieces: Pieces,
    mode: 'append' | 'truncate',
    call: JobCall,
    name?: JobName,
  ): Promise<number> {
    const rest = pieces[Symbol.asyncIterator]();
    const first = await rest.next();
    if (first.done) {
      if (mode === 'truncate') await this.#staging.load(table, Buffer.alloc(0), mode, call);
      return 0;
    }
    const second = await rest.next();
    if (second.done) {
      await this.#staging.load(table, first.value.lines, mode, call, name);
      return first.value.rows;
    }
    let rows = 0;
    const all = (async function* () {
      for (const piece of [first.value, second.value]) {
        rows += piece.rows;
        yield piece;
      }
      for await (const piece of { [Symbol.asyncIterator]: () => rest }) {
        rows += piece.rows;
        yield piece;
      }
    })();
    await this.#staging.of(table, all, call, (staging) =>
      this.#staging.copy(staging, table, mode, call, name),
    );
    return rows;
  }
}

function nameOf({ reference }: Table, insertId: string): string {
  const { projectId, datasetId, tableId } = reference;
  const named = `${projectId}.${datasetId}.${tableId} ${insertId}`;
  return `breakwater_insert_${createHash('sha256').update(named).digest('hex').slice(0, 40)}`;
}
