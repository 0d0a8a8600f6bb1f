import { ConfigurationError } from '../errors/index.ts';

/**
 * Sorts items into levels: each waits only for outputs of earlier levels. Outputs that nobody here makes are not waited for.
 *
 * @throws ConfigurationError naming the outputs of a circle.
 */
export function dependencyLevels<T>(
  items: readonly T[],
  describe: (item: T) => { readonly output: string; readonly needs: readonly string[] },
): readonly (readonly T[])[] {
  let left = items.map((item) => ({ item, ...describe(item) }));
  const levels: T[][] = [];
  while (left.length > 0) {
    const pending = new Set(left.map(({ output }) => output));
    const free = left.filter(({ output, needs }) =>
      needs.every((need) => need === output || !pending.has(need)),
    );
    if (free.length === 0) {
      throw new ConfigurationError('upstream', 'free of circles', [...pending].join(' → '));
    }
    levels.push(free.map(({ item }) => item));
    left = left.filter((entry) => !free.includes(entry));
  }
  return levels;
}
