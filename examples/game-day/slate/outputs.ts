import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BigQueryClient } from 'breakwater';
import { processors } from '../../processors/index.ts';
import type { SlateRun } from './run-slate.ts';
import { fileOf } from './slate-files.ts';

/**
 * Writes the tables of the outputs that are done, each whole or not at all. A table whose processor was left out, waits or
 * failed is not written: an empty file would say that there is nothing, where nobody knows yet.
 */
export async function writeOutputs(
  bigquery: BigQueryClient,
  runs: readonly SlateRun[],
  folder: string,
): Promise<void> {
  const done = new Set(runs.filter(isDone).map(({ processor }) => processor));
  await mkdir(folder, { recursive: true });
  for (const { processor } of processors.filter((Processor) => done.has(Processor.processor.name))) {
    const { output, key } = processor;
    const rows = await bigquery.query(`SELECT * FROM ${output} ORDER BY ${key.join(', ')}`);
    const path = join(folder, fileOf(output));
    // Of the same name each time, so that one left behind by a killed process is written over.
    const draft = `${path}.draft`;
    await writeFile(draft, rows.map((row) => `${JSON.stringify(row)}\n`).join(''), { flush: true });
    await rename(draft, path);
  }
}

function isDone({ status, reason }: SlateRun): boolean {
  return status === 'succeeded' || reason === 'already_done';
}
