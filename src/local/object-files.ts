import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { ConfigurationError, StoreUnavailableError } from '../errors/index.ts';

/** A file as it was found. */
export interface FileFound {
  /** Another one, if the file was replaced or changed. */
  readonly identity: string;
  readonly size: number;
  /** Wall-clock milliseconds of its last change. */
  readonly changed: number;
}

/** The file, or undefined if there is none; folders and links are none. @throws StoreUnavailableError */
export function statObjectFile(file: string): FileFound | undefined {
  return orNothing(file, () => foundOf(lstatSync(file, { bigint: true })));
}

/** The file with its bytes, or undefined if there is none. @param check May throw for a size, before anything is read. */
export function readObjectFile(
  file: string,
  check: (size: number) => void,
): (FileFound & { readonly data: Uint8Array }) | undefined {
  // An open file stays the one it was, whatever is renamed over its name.
  const open = orNothing(file, () => openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW));
  if (open === undefined) return undefined;
  try {
    const found = foundOf(fstatSync(open, { bigint: true }));
    if (found === undefined) return undefined;
    check(found.size);
    return { ...found, data: readFileSync(open) };
  } finally {
    closeSync(open);
  }
}

/**
 * Puts `data` where `file` is or was: written to `aside` and brought to the disk before it takes the name. Only one process
 * at a time may use `aside`; what a killed one left there is overwritten.
 *
 * @throws ConfigurationError where a folder stands in the way, or a file where a folder must be.
 * @throws StoreUnavailableError
 */
export function replaceFile(root: string, file: string, aside: string, data: Uint8Array): FileFound {
  try {
    const open = openSync(aside, 'w');
    try {
      writeFileSync(open, data);
      fsyncSync(open);
    } finally {
      closeSync(open);
    }
  } catch (error) {
    throw writeError(file, error);
  }
  return putInPlace(root, file, aside);
}

/** Gives what lies aside, on the disk, the name of the file. Throws as `replaceFile`. */
export function putInPlace(root: string, file: string, aside: string): FileFound {
  try {
    const madeFrom = mkdirSync(dirname(file), { recursive: true });
    renameSync(aside, file);
    // A new name is on the disk when its folder is; a new folder when the one above it is.
    for (let folder = dirname(file); ; folder = dirname(folder)) {
      syncFolder(folder);
      if (madeFrom === undefined || folder === dirname(madeFrom) || folder === root) break;
    }
  } catch (error) {
    throw writeError(file, error);
  }
  return statObjectFile(file) as FileFound;
}

/** Deletes the file, and the folders up to `root` that are empty without it. @throws StoreUnavailableError */
export function removeFile(root: string, file: string): void {
  try {
    unlinkSync(file);
    let folder = dirname(file);
    while (folder !== root && removedIfEmpty(folder)) folder = dirname(folder);
    syncFolder(folder);
  } catch (error) {
    throw writeError(file, error);
  }
}

function removedIfEmpty(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function syncFolder(folder: string): void {
  // Windows opens no folders, and keeps names in order by itself.
  if (process.platform === 'win32') return;
  const open = openSync(folder, 'r');
  try {
    fsyncSync(open);
  } finally {
    closeSync(open);
  }
}

/** A regular file as it was found. */
export function foundOf(stats: BigIntStats): FileFound | undefined {
  if (!stats.isFile()) return undefined;
  const identity = `${stats.ino}:${stats.size}:${stats.mtimeNs}`;
  return { identity, size: Number(stats.size), changed: Number(stats.mtimeMs) };
}

// No such name, a file on the way to it, or a link: nothing of ours is there.
const nothing = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR']);

function orNothing<T>(file: string, look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (nothing.has(codeOf(error) ?? '')) return undefined;
    if (codeOf(error) === 'ENAMETOOLONG') throw nameTooLong(file, error);
    throw new StoreUnavailableError(`${file} can't be read: ${(error as Error).message}`, { cause: error });
  }
}

/** A failed write as an error of ours. */
export function writeError(file: string, error: unknown): Error {
  const code = codeOf(error);
  if (code === 'ENAMETOOLONG') return nameTooLong(file, error);
  if (code === 'EISDIR' || code === 'ENOTDIR' || code === 'EEXIST' || code === 'ENOTEMPTY') {
    return new ConfigurationError('path', 'no object and folder of objects at once, as files', file, {
      cause: error,
    });
  }
  return new StoreUnavailableError(`${file} can't be written: ${(error as Error).message}`, { cause: error });
}

function nameTooLong(file: string, cause: unknown): ConfigurationError {
  return new ConfigurationError('path', 'of segments that fit a file name (mostly 255 bytes)', file, {
    cause,
  });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
