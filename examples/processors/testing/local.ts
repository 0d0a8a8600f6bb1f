import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalContext, type LocalContext } from 'breakwater/local';
import { createTables } from '../../schemas/index.ts';
import type { RawRow, RawTables } from '../independent/raw.ts';

/** An embedded context with all tables, in a folder that goes with it. */
export async function openLocal(): Promise<LocalContext & AsyncDisposable> {
  const dir = await mkdtemp(join(tmpdir(), 'breakwater-examples-'));
  const context = await createLocalContext({ dir });
  await createTables(context.bigquery);
  return Object.assign(context, {
    async [Symbol.asyncDispose]() {
      await context.close();
      await rm(dir, { recursive: true });
    },
  });
}

/** Makes the given tables have these rows and no others. */
export async function fill(context: LocalContext, tables: RawTables): Promise<void> {
  for (const [table, rows] of Object.entries(tables)) {
    const ndjson = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    await context.bigquery.load(table, ndjson, { mode: 'truncate' });
  }
}

/** All rows of a processor's output, by key. */
export async function outputOf(
  context: LocalContext,
  { processor }: { readonly processor: { readonly output: string; readonly key: readonly string[] } },
): Promise<RawRow[]> {
  return context.bigquery.query<RawRow>(
    `SELECT * FROM ${processor.output} ORDER BY ${processor.key.join(', ')}`,
  );
}
