import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NdjsonSource } from './bigquery.ts';
import { longestLine, ndjsonRows } from './ndjson-rows.ts';

async function all(source: NdjsonSource, signal = new AbortController().signal) {
  const rows = [];
  for await (const row of ndjsonRows(source, 'games', signal)) rows.push(row);
  return rows;
}

async function* streamOf(chunks: Iterable<string | Uint8Array>) {
  yield* chunks;
}

describe('NDJSON', () => {
  it('gives the same rows however it is cut into chunks', async () => {
    const line = fc.oneof(fc.constantFrom('', '  ', '\r'), fc.json());
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat(40)), fc.boolean(), async (lines, sizes, ended) => {
        const text = lines.join('\n') + (ended ? '\n' : '');
        const bytes = Buffer.from(text);
        const chunks: Uint8Array[] = [];
        let start = 0;
        for (const size of sizes) {
          chunks.push(bytes.subarray(start, start + size));
          start += size;
        }
        chunks.push(bytes.subarray(start));
        const whole = await all(text);
        expect(await all(streamOf(chunks))).toEqual(whole);
        expect(await all(bytes)).toEqual(whole);
        expect(whole.map(({ value }) => value)).toEqual(
          lines.filter((one) => one.trim() !== '').map((one) => JSON.parse(one)),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('calls each row by its line, blank ones counted', async () => {
    expect((await all('1\n\n2\n')).map(({ where }) => where)).toEqual(['games line 1', 'games line 3']);
  });

  it('is not spoilt by a source that uses its buffer again', async () => {
    const source = (async function* () {
      const buffer = Buffer.alloc(3);
      for (const part of ['"ab', 'cde', 'f"\n']) {
        buffer.write(part);
        yield buffer;
      }
    })();
    expect(await all(source)).toEqual([{ where: 'games line 1', value: 'abcdef' }]);
  });

  it.each([
    ['text', (line: string) => line],
    ['bytes', (line: string) => Buffer.from(line)],
    ['a stream', (line: string) => streamOf([line])],
  ])('refuses a line that is too long, in %s, and names it', async (_name, as) => {
    const longest = `"${'x'.repeat(longestLine - 2)}"`;
    expect(await all(as(`1\n${longest}\n`))).toHaveLength(2);
    await expect(all(as(`1\n "${longest}\n`))).rejects.toThrow(
      `games line 2: longer than ${longestLine} bytes`,
    );
  });

  it('does not read on for a line without an end', async () => {
    let given = 0;
    const source = (async function* () {
      for (;;) {
        given += 2 ** 20;
        yield 'x'.repeat(2 ** 20);
      }
    })();
    await expect(all(source)).rejects.toThrow('games line 1: longer than');
    expect(given).toBeLessThan(longestLine + 3 * 2 ** 20);
  });

  it('takes a byte order mark at the beginning alone', async () => {
    expect(await all('\uFEFF1\n2')).toHaveLength(2);
    await expect(all('1\n\uFEFF2')).rejects.toThrow('games line 2: not JSON');
    await expect(all(Buffer.from('1\n\uFEFF2'))).rejects.toThrow('games line 2: not JSON');
  });
});
