import { readFileSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import * as policies from '../../src/policy/index.ts';

const root = new URL('../..', import.meta.url).pathname;

/** What a browser would load of it: minified, and compressed by Brotli; and the packages in it. */
async function bundled(
  code: string,
): Promise<{ readonly kilobytes: number; readonly packages: readonly string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: root },
    bundle: true,
    logLevel: 'error',
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2024',
    conditions: ['breakwater-source'],
    mainFields: ['module', 'main'],
  });
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs));
  const packages = used
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1])
    .filter((name) => name !== undefined);
  return {
    kilobytes: brotliCompressSync(outputFiles[0]?.contents ?? '').length / 1_000,
    packages: [...new Set(packages)],
  };
}

/** The sizes that the documentation tells: `| what | 1.2 kB |`. */
const told = [
  ...readFileSync(new URL('../../docs/performance.md', import.meta.url), 'utf8').matchAll(
    /^\| (all of `breakwater\/policy`|`\w+`) \| ([\d.]+) kB \|$/gm,
  ),
].map(([, what = '', size]) => ({ what, size: Number(size) }));

describe('the size of the policies', () => {
  it('is told for all of them, and for each that makes a policy', () => {
    const makers = ['retry', 'circuitBreaker', 'timeout', 'bulkhead', 'rateLimiter', 'hedge', 'fallback'];
    const others = ['singleFlight', 'ensemble', 'compose', 'definePolicy'];
    const names = told.slice(1).map(({ what }) => what.replaceAll('`', ''));
    expect(names.toSorted()).toEqual([...makers, ...others].toSorted());
    for (const name of names) expect(policies).toHaveProperty(name);
  });

  it.each(told)('is what the documentation says: $what', async ({ what, size }) => {
    const one = what.startsWith('all') ? '*' : `{ ${what.replaceAll('`', '')} }`;
    const { kilobytes, packages } = await bundled(`export ${one} from 'breakwater/policy'`);
    // Told to a tenth; what has become much smaller is to be told too.
    expect(kilobytes).toBeLessThan(size + 0.1);
    expect(kilobytes).toBeGreaterThan(size - 0.3);
    expect(packages.filter((name) => name !== '@lukeed/ms')).toEqual([]);
  });

  it('is nothing where nothing of them is used', async () => {
    const { kilobytes } = await bundled(`import { retry } from 'breakwater/policy'; console.log(1)`);
    expect(kilobytes).toBeLessThan(0.1);
  });
});
