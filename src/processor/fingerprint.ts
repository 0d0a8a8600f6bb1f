import { createHash } from 'node:crypto';
import type { Dependency } from '../upstream/index.ts';
import { canonicalJson } from './canonical-json.ts';

/**
 * What a success was made of: the options, the release, and each dependency's count and newest row. The same again
 * means the same output, so the work is done already.
 */
export function fingerprintOf(
  options: unknown,
  version: string,
  dependencies: readonly Dependency[],
): string {
  const made = {
    options,
    version,
    dependencies: dependencies.map(({ name, found, newest }) => ({ name, found, newest })),
  };
  return createHash('sha256').update(canonicalJson(made)).digest('hex');
}
