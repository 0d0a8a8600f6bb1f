import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { DuckDBInstance } from '@duckdb/node-api';
import { ConfigurationError } from '../../errors/index.ts';

export type DuckDb = typeof import('@duckdb/node-api');

export interface Database {
  readonly instance: DuckDBInstance;
  close(): void;
}

// The system's lock keeps other processes out, but not this one: two of DuckDB's instances would spoil the file.
const openHere = new Set<string>();

/** @throws ConfigurationError naming the process that has the file open. */
export async function openDatabase(duckdb: DuckDb, file: string): Promise<Database> {
  const path = file === ':memory:' ? undefined : await pathOf(file);
  if (path !== undefined) {
    if (openHere.has(path)) throw heldBy(file, `this process (${process.pid})`);
    openHere.add(path);
  }
  const close = () => {
    if (path !== undefined) openHere.delete(path);
  };
  try {
    const instance = await duckdb.DuckDBInstance.create(file, {
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      // One process is a guest on its machine: DuckDB alone would take most of the memory.
      memory_limit: '2GB',
      threads: '2',
    });
    return {
      instance,
      close() {
        instance.closeSync();
        close();
      },
    };
  } catch (error) {
    close();
    const holder = /PID (\d+)/.exec(String(error))?.[1];
    throw heldBy(file, holder && `process ${holder}`, error);
  }
}

/** The file's one name: its folder may be reached by several. */
async function pathOf(file: string): Promise<string> {
  const folder = dirname(resolve(file));
  return join(await realpath(folder).catch(() => folder), basename(file));
}

function heldBy(file: string, holder: string | undefined, cause?: unknown): ConfigurationError {
  const given = holder === undefined ? file : `${file}, which ${holder} holds`;
  return new ConfigurationError('openWarehouse.file', 'a DuckDB file that nobody has open', given, { cause });
}
