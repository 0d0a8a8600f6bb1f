import { readdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ConfigurationError } from 'breakwater';

/**
 * Checks, and touches nothing, that the path is a folder or can become one.
 *
 * @throws ConfigurationError naming the option.
 */
export async function requireFolder(option: string, path: string): Promise<void> {
  for (let at = resolve(path); ; at = dirname(at)) {
    const found = await stat(at).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw new ConfigurationError(option, `a folder that can be used (${error.code})`, path, {
        cause: error,
      });
    });
    if (found?.isDirectory()) return;
    if (found !== undefined) throw new ConfigurationError(option, 'a folder, there or new', path);
  }
}

/** @throws ConfigurationError for a folder that has something in it. */
export async function requireEmpty(option: string, path: string): Promise<void> {
  await requireFolder(option, path);
  const names = await readdir(path).catch(() => []);
  if (names.length > 0)
    throw new ConfigurationError(
      option,
      'an empty folder or a new one, as a night begins with nothing',
      path,
    );
}
