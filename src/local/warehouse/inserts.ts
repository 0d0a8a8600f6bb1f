import type { Session } from './connections.ts';
import type { Table } from './table.ts';

const keptFor = 7 * 86_400_000;

/**
 * Whether nothing was inserted under this id, which is put down in a table beside the output within the insert's own
 * transaction: it is there exactly if the rows are.
 *
 * @param now Wall time in milliseconds.
 */
export async function isNew(
  session: Session,
  table: Table,
  id: string | undefined,
  now: number,
): Promise<boolean> {
  if (id === undefined) return true;
  await session.run(
    `CREATE TABLE IF NOT EXISTS ${table.inserts} (insert_id VARCHAR NOT NULL, inserted_at TIMESTAMPTZ NOT NULL)`,
  );
  const found = await session.rows(`SELECT 1 FROM ${table.inserts} WHERE insert_id = $id`, { id });
  if (found.length > 0) return false;
  const old = new Date(now - keptFor).toISOString();
  await session.run(`DELETE FROM ${table.inserts} WHERE inserted_at < CAST($old AS TIMESTAMPTZ)`, { old });
  const at = new Date(now).toISOString();
  await session.run(`INSERT INTO ${table.inserts} VALUES ($id, CAST($at AS TIMESTAMPTZ))`, { id, at });
  return true;
}
