import type { Fence, Partition } from '../../clients/index.ts';
import { sqlColumn, sqlName, type Table } from './table.ts';

/** A script with the parameters that it takes. */
export interface Script {
  readonly sql: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly types: Readonly<Record<string, 'DATE' | 'INT64' | 'STRING'>>;
}

/** What the script's assertion says when a newer token has been there. */
export const lostLease = 'breakwater: a newer token holds the fence';

/** What is written: all that a partition holds, or rows by their key. */
export interface FencedWrite {
  readonly table: Table;
  readonly partition: Partition;
  /** The rows; none are to be there where it is undefined. */
  readonly staging: Table | undefined;
  /** Columns whose rows are replaced wherever they are. */
  readonly key?: readonly string[] | undefined;
  readonly fence?: Fence | undefined;
}

/**
 * One transaction: the fence is raised, or everything fails if a newer token has been there; then the partition's rows go, and
 * the staged ones come. A run that was taken over writes nothing, though the store that handed out its token knows nothing of
 * the warehouse. The fence lies in a table of its own beside the output, so that two outputs never wait for each other.
 */
export function fencedWrite({ table, partition, staging, key, fence }: FencedWrite): Script {
  const partitioned = `${sqlColumn(partition.column)} = @partition`;
  const replaced =
    key === undefined || staging === undefined
      ? partitioned
      : `${partitioned} OR ${keyText(key)} IN (SELECT ${keyText(key)} FROM ${staging.sql})`;
  const columns = table.columns.map(({ name }) => sqlColumn(name)).join(', ');
  const statements = [
    ...(fence === undefined ? [] : prepareFence(table)),
    'BEGIN TRANSACTION',
    ...(fence === undefined ? [] : raiseFence(table)),
    `DELETE FROM ${table.sql} WHERE ${replaced}`,
    ...(staging === undefined
      ? []
      : [`INSERT INTO ${table.sql} (${columns}) SELECT ${columns} FROM ${staging.sql}`]),
    'COMMIT TRANSACTION',
  ];
  return {
    sql: `${statements.join(';\n')};`,
    params: {
      partition: partition.value,
      ...(fence !== undefined && { fence_key: fence.key, fence_token: fence.token }),
    },
    types: { partition: 'DATE', fence_key: 'STRING', fence_token: 'INT64' },
  };
}

/** The newest token that has raised the fence. */
export function newestToken(table: Table, fence: Fence): Script {
  return {
    sql: `SELECT MAX(token) AS token FROM ${fenceTable(table)} WHERE fence_key = @fence_key`,
    params: { fence_key: fence.key },
    types: { fence_key: 'STRING' },
  };
}

/**
 * The table, and a row of the key in it before the transaction begins. Two transactions that change one row can't both be committed, but two
 * that add rows can, and a DELETE that finds none changes nothing: so the first two writers of a key would not hear of each other.
 * Two who come at once may both add a row. That is harmless: one of them sees both, and each changes all that it sees.
 */
function prepareFence(table: Table): string[] {
  const fences = fenceTable(table);
  return [
    `CREATE TABLE IF NOT EXISTS ${fences} (fence_key STRING NOT NULL, token INT64 NOT NULL, raised_at TIMESTAMP NOT NULL)`,
    `INSERT INTO ${fences} (fence_key, token, raised_at) SELECT @fence_key, 0, CURRENT_TIMESTAMP() FROM (SELECT COUNT(*) AS found FROM ${fences} WHERE fence_key = @fence_key) WHERE found = 0`,
  ];
}

function raiseFence(table: Table): string[] {
  const fences = fenceTable(table);
  return [
    `ASSERT NOT EXISTS (SELECT 1 FROM ${fences} WHERE fence_key = @fence_key AND token > @fence_token) AS '${lostLease}'`,
    `UPDATE ${fences} SET token = @fence_token, raised_at = CURRENT_TIMESTAMP() WHERE fence_key = @fence_key`,
  ];
}

function fenceTable({ reference }: Table): string {
  return sqlName({ ...reference, tableId: `${reference.tableId}_fence` });
}

// Text, as two NULLs in a key are the same.
function keyText(key: readonly string[]): string {
  return `TO_JSON_STRING(STRUCT(${key.map(sqlColumn).join(', ')}))`;
}
