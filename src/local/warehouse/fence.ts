import type { Fence } from '../../clients/index.ts';
import { LostLeaseError } from '../../errors/index.ts';
import type { Session } from './connections.ts';
import type { Table } from './table.ts';

/**
 * Raises the key's fence in the table beside the output, within the write's own transaction: whoever comes with an older
 * token writes nothing, though the store that handed it out knows nothing of the warehouse.
 *
 * @param at Wall time, ISO 8601.
 * @throws LostLeaseError if a newer token was there.
 */
export async function raiseFence(
  session: Session,
  table: Table,
  fence: Fence | undefined,
  at: string,
): Promise<void> {
  if (fence === undefined) return;
  await session.run(
    `CREATE TABLE IF NOT EXISTS ${table.fence} (fence_key VARCHAR NOT NULL, token BIGINT NOT NULL, raised_at TIMESTAMPTZ NOT NULL)`,
  );
  const [row] = await session.rows(`SELECT max(token) FROM ${table.fence} WHERE fence_key = $key`, {
    key: fence.key,
  });
  const newest = row?.[0];
  if (newest !== null && newest !== undefined && Number(newest) > fence.token) {
    throw new LostLeaseError(
      `Fence ${fence.token} of ${fence.key} is older than ${newest}: another run has taken over`,
    );
  }
  await session.run(`DELETE FROM ${table.fence} WHERE fence_key = $key`, { key: fence.key });
  await session.run(
    `INSERT INTO ${table.fence} VALUES ($key, CAST($token AS BIGINT), CAST($at AS TIMESTAMPTZ))`,
    { key: fence.key, token: String(fence.token), at },
  );
}
