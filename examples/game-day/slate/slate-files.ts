import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type BigQueryClient, ConfigurationError } from 'breakwater';
import { openWarehouse } from 'breakwater/local';
import { createTables, type Table, tables } from '../../schemas/index.ts';

/**
 * The tables that the folder has a file of. Files of other tables are left alone, with a note on standard error.
 *
 * @throws ConfigurationError for a folder that is not there or has none of them.
 */
export async function tablesIn(folder: string): Promise<readonly Table[]> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new ConfigurationError('--slate', 'a folder that is there', folder);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.ndjson'));
  const known = tables.filter((table) => names.includes(fileOf(table)));
  if (known.length === 0)
    throw new ConfigurationError(
      '--slate',
      'a folder with files such as nba_raw.nbac_schedule.ndjson',
      folder,
    );
  for (const name of names.filter((file) => !known.some((table) => file === fileOf(table))))
    process.stderr.write(`note: ${name} is not a table that these processors know; it is left out\n`);
  return known;
}

/**
 * Loads everything into a warehouse that is thrown away, so that a bad line is found before anything is written.
 *
 * @throws InvalidDataError naming file, line and field.
 */
export async function rehearse(folder: string, files: readonly Table[]): Promise<void> {
  const scratch = await openWarehouse({ file: ':memory:' });
  try {
    await createTables(scratch, { only: files });
    for (const table of files) await load(scratch, folder, table);
  } finally {
    await scratch.close();
  }
}

/** Makes the table what its file says; gives how many rows. */
export async function load(bigquery: BigQueryClient, folder: string, table: Table): Promise<number> {
  const source = fileOf(table);
  const path = join(folder, source);
  try {
    const { rows } = await bigquery.load(table, createReadStream(path), { mode: 'truncate', source });
    return rows;
  } catch (error) {
    // Of the file system, not of the warehouse.
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigurationError('--slate', `a folder of files that can be read (${code})`, path, {
      cause: error,
    });
  }
}

export function fileOf(table: string): string {
  return `${table}.ndjson`;
}
