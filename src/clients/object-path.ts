import { ConfigurationError } from '../errors/index.ts';

const mostBytes = 1_024;

/**
 * Checks an object's path: 1 to 1,024 bytes of UTF-8, relative, segments between `/` that are neither empty nor `.` or `..`,
 * without control characters and backslashes.
 *
 * @throws ConfigurationError
 */
export function checkObjectPath(path: string): void {
  const fits =
    typeof path === 'string' &&
    isPlain(path) &&
    path.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
  if (!fits) {
    throw new ConfigurationError(
      'path',
      `a relative path of at most ${mostBytes} bytes, without empty, "." or ".." segments, control characters and backslashes`,
      path,
    );
  }
}

/** Checks the start of paths: as a path, but it may be empty or end in `/` or in mid-segment. @throws ConfigurationError */
export function checkObjectPrefix(prefix: string): void {
  const fits =
    typeof prefix === 'string' &&
    isPlain(prefix) &&
    prefix
      .split('/')
      .every(
        (segment, index, all) =>
          index === all.length - 1 || (segment !== '' && segment !== '.' && segment !== '..'),
      );
  if (!fits) throw new ConfigurationError('prefix', 'empty or the start of an object path', prefix);
}

/** Checks `ifGeneration` where it is given. @throws ConfigurationError */
export function checkGeneration(ifGeneration: number | undefined): void {
  if (ifGeneration !== undefined && !(Number.isSafeInteger(ifGeneration) && ifGeneration >= 0)) {
    throw new ConfigurationError('ifGeneration', 'a generation, or 0 for "must not exist"', ifGeneration);
  }
}

/** Checks a list's `limit`. @throws ConfigurationError */
export function checkListLimit(limit: number): void {
  if (!(Number.isSafeInteger(limit) && limit >= 1 && limit <= 1_000)) {
    throw new ConfigurationError('limit', 'a whole number from 1 to 1,000', limit);
  }
}

function isPlain(text: string): boolean {
  return (
    text.isWellFormed() &&
    new TextEncoder().encode(text).length <= mostBytes &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    !/[\u0000-\u001f\u007f\\]/.test(text)
  );
}
