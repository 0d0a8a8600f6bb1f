import { type NdjsonSource, ndjsonRows, rowFor, type TableColumn } from '../../clients/index.ts';

/**
 * The source's rows in batches, each checked against the columns.
 *
 * @param signal Ends the reading with its reason, also while the source gives nothing.
 * @throws InvalidDataError naming the source, the line and the field.
 */
export async function* rowsOf(
  source: NdjsonSource,
  columns: readonly TableColumn[],
  name: string,
  batchSize: number,
  signal: AbortSignal,
): AsyncGenerator<readonly Record<string, unknown>[]> {
  let batch: Record<string, unknown>[] = [];
  for await (const { where, value } of ndjsonRows(source, name, signal)) {
    batch.push(rowFor(columns, value, where));
    if (batch.length >= batchSize) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}
