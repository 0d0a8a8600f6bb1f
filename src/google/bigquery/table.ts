import { type TableColumn, tableParts, type WrittenTable } from '../../clients/index.ts';
import type { Rest } from './rest.ts';
import { columnOf, type WireField } from './wire.ts';

/** A table to write to. */
export interface Table extends WrittenTable {
  readonly reference: TableReference;
  /** In backticks, with project and dataset. */
  readonly sql: string;
  readonly fields: readonly WireField[];
  readonly columns: readonly TableColumn[];
}

export interface TableReference {
  readonly projectId: string;
  readonly datasetId: string;
  readonly tableId: string;
}

/** Finds the table. @throws ConfigurationError for what is no table's name; ServiceError `notFound`. */
export async function tableOf(
  rest: Rest,
  project: string,
  given: string,
  signal: AbortSignal,
): Promise<Table> {
  const parts = tableParts(given);
  const reference = {
    projectId: parts.project ?? project,
    datasetId: parts.dataset,
    tableId: parts.table,
  };
  const found = await rest.send<{ schema?: { fields?: readonly WireField[] } }>(
    `Look at table ${given}`,
    signal,
    {
      method: 'GET',
      path: pathOf(reference),
      project: reference.projectId,
    },
  );
  const fields = found.schema?.fields ?? [];
  return { given, reference, sql: sqlName(reference), fields, columns: fields.map(columnOf) };
}

export function pathOf({ datasetId, tableId }: TableReference): string {
  return `/datasets/${datasetId}/tables/${tableId}`;
}

export function sqlName({ projectId, datasetId, tableId }: TableReference): string {
  return `\`${projectId}.${datasetId}.${tableId}\``;
}

/** A column's name in backticks. */
export function sqlColumn(name: string): string {
  return `\`${name}\``;
}
