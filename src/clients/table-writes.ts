import { ConfigurationError } from '../errors/index.ts';
import type { Fence, MergeOptions, Partition, TableName } from './bigquery.ts';

export interface TableParts {
  readonly project: string | undefined;
  readonly dataset: string;
  readonly table: string;
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;
const project = /^[A-Za-z0-9][A-Za-z0-9_.:-]*$/;

/** A table's name in its parts. @throws ConfigurationError for what is no `dataset.table` or `project.dataset.table`. */
export function tableParts(name: TableName): TableParts {
  const parts = typeof name === 'string' ? name.split('.') : [];
  const [dataset = '', table = ''] = parts.slice(-2);
  const fits =
    (parts.length === 2 || (parts.length === 3 && project.test(parts[0] as string))) &&
    identifier.test(dataset) &&
    identifier.test(table);
  if (!fits) throw new ConfigurationError('table', "a table such as 'nba_raw.nbac_schedule'", name);
  return { project: parts.length === 3 ? parts[0] : undefined, dataset, table };
}

/** @throws ConfigurationError for a partition by other than a column and a day. */
export function checkPartition({ column, value }: Partition): void {
  if (!identifier.test(column)) throw new ConfigurationError('partition.column', 'a column name', column);
  if (!isDay(value)) throw new ConfigurationError('partition.value', 'a date such as 2025-03-15', value);
}

/** @throws ConfigurationError for a token that is no whole number from 0 that a number holds exactly. */
export function checkFence(fence: Fence | undefined): void {
  if (fence !== undefined && (!Number.isSafeInteger(fence.token) || fence.token < 0))
    throw new ConfigurationError('fence.token', 'a safe whole number of 0 or more', fence.token);
}

/** @throws ConfigurationError for a merge on no column. */
export function checkMerge({ key, scope, fence }: MergeOptions): void {
  if (key.length === 0) throw new ConfigurationError('merge.key', 'at least one column', key);
  checkPartition(scope);
  checkFence(fence);
}

/** Whether it is `YYYY-MM-DD`, and in the calendar. */
export function isDay(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^\d{4}-\d{2}-\d{2}$/.test(value) &&
    !Number.isNaN(Date.parse(value)) &&
    new Date(value).toISOString().startsWith(value)
  );
}
