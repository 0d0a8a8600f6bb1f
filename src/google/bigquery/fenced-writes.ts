import type { Fence, QueryRow } from '../../clients/index.ts';
import { LostLeaseError, ServiceError } from '../../errors/index.ts';
import { type FencedWrite, fencedWrite, lostLease, newestToken, type Script } from './fenced-write.ts';
import type { JobCall } from './job-call.ts';
import { piecesOf, type Staging } from './staging.ts';
import type { Table } from './table.ts';

/** Runs a script to its end, and gives its rows. */
export type RunScript = (script: Script, call: JobCall) => Promise<QueryRow[]>;

/** Writes of a partition in one script, by way of a table beside it that holds their rows. */
export class FencedWrites {
  readonly #staging: Staging;
  readonly #run: RunScript;

  constructor(staging: Staging, run: RunScript) {
    this.#staging = staging;
    this.#run = run;
  }

  /** @throws LostLeaseError if a newer token has been there. */
  async write(write: Omit<FencedWrite, 'staging'>, rows: readonly object[], call: JobCall): Promise<void> {
    const run = (staging: Table | undefined) => this.#run(fencedWrite({ ...write, staging }), call);
    try {
      if (rows.length === 0) await run(undefined);
      else await this.#staging.of(write.table, piecesOf(rows), call, run);
    } catch (error) {
      if (write.fence === undefined || !isLostLease(error)) throw error;
      throw await this.#lostLease(write.table, write.fence, error, call);
    }
  }

  async #lostLease(table: Table, fence: Fence, cause: unknown, call: JobCall): Promise<LostLeaseError> {
    const [row] = await this.#run(newestToken(table, fence), call);
    return new LostLeaseError(
      `Fence ${fence.token} of ${fence.key} is older than ${row?.token}: another run has taken over`,
      { cause },
    );
  }
}

function isLostLease(error: unknown): boolean {
  return error instanceof ServiceError && error.message.includes(lostLease);
}
