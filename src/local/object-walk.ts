import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { StoreUnavailableError } from '../errors/index.ts';

/**
 * Paths below `root` that start with `prefix` and come after `after`, in order. Folders that can hold none of them are not
 * opened; each other one is read when its turn comes.
 */
export function pathsFrom(root: string, prefix: string, after: string | undefined): Generator<string> {
  const slash = prefix.lastIndexOf('/');
  return walk(root, prefix.slice(0, slash + 1), prefix, after);
}

function* walk(root: string, folder: string, prefix: string, after: string | undefined): Generator<string> {
  // A folder's name with its slash sorts as all paths in it do: `a-b` comes before `a/…`.
  const names = entriesOf(join(root, folder))
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map((entry) => ({ path: folder + entry.name + (entry.isDirectory() ? '/' : ''), entry }))
    .filter(({ path }) => path.startsWith(prefix) || (path.endsWith('/') && prefix.startsWith(path)))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const { path, entry } of names) {
    if (entry.isDirectory()) {
      const allBefore = after !== undefined && path < after && !after.startsWith(path);
      if (!allBefore) yield* walk(root, path, prefix, after);
    } else if (after === undefined || path > after) {
      yield path;
    }
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw new StoreUnavailableError(`${folder} can't be listed: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
