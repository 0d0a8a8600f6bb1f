import { describe, expect, it } from 'vitest';
import type { NdjsonSource } from '../../src/clients/index.ts';
import { InvalidDataError } from '../../src/errors/index.ts';
import type { Bed, WritableUnderTest } from './bigquery-contract.ts';
import { game, gamesIn, ndjson, tableWith } from './bigquery-games.ts';
import { failure } from './bigquery-writes.ts';

/** NDJSON that is loaded. */
export function loadsContract(bed: Bed<WritableUnderTest>): void {
  const games = [game('1'), game('2', { team: 'Zürich 🏀', points: null })];
  const text = ndjson(games);
  const bytes = Buffer.from(text);

  describe('loading', () => {
    const sources: [string, () => NdjsonSource][] = [
      ['text', () => text],
      ['bytes', () => new Uint8Array(bytes)],
      ['a stream of text, cut anywhere', () => streamOf([...text])],
      [
        'a stream of bytes, cut within characters',
        () => streamOf([...bytes].map((byte) => Uint8Array.of(byte))),
      ],
      ['a stream that gives all at once', () => streamOf([bytes])],
      ['a last line without its end', () => text.trimEnd()],
      ['lines that end as on Windows', () => text.replaceAll('\n', '\r\n')],
      ['blank lines between', () => `\n${text.replaceAll('\n', '\n\n \n')}`],
      ['text with a byte order mark', () => `\uFEFF${text}`],
      ['bytes with a byte order mark', () => Buffer.from(`\uFEFF${text}`)],
      ['a stream whose first bytes are a byte order mark', () => streamOf([Buffer.from('\uFEFF'), text])],
    ];
    it.each(sources)('takes %s', async (_name, source) => {
      const table = await tableWith(bed(), []);
      expect(await bed().client.load(table, source())).toEqual({ rows: 2 });
      expect(await gamesIn(bed(), table)).toEqual(games);
    });

    it('takes nothing at all', async () => {
      const table = await tableWith(bed(), games);
      expect(await bed().client.load(table, '')).toEqual({ rows: 0 });
      expect(await bed().client.load(table, streamOf([]))).toEqual({ rows: 0 });
      expect(await gamesIn(bed(), table)).toEqual(games);
    });

    it('adds to what is there, or replaces it', async () => {
      const table = await tableWith(bed(), games);
      await bed().client.load(table, ndjson([game('3')]), { mode: 'append' });
      expect(await gamesIn(bed(), table)).toEqual([...games, game('3')]);
      await bed().client.load(table, ndjson([game('4')]), { mode: 'truncate' });
      expect(await gamesIn(bed(), table)).toEqual([game('4')]);
      await bed().client.load(table, '', { mode: 'truncate' });
      expect(await gamesIn(bed(), table)).toEqual([]);
    });

    it('loads more lines than fit into one piece', async () => {
      const table = await tableWith(bed(), []);
      const many = Array.from({ length: 12_000 }, (_, index) => game(String(index).padStart(5, '0')));
      expect(await bed().client.load(table, ndjson(many))).toEqual({ rows: 12_000 });
      expect((await gamesIn(bed(), table)).map(({ game_id }) => game_id)).toEqual(
        many.map(({ game_id }) => game_id),
      );
    });

    const bad: [string, string | Uint8Array, RegExp][] = [
      ['what is no JSON', `${text}{"game_id": \n`, /^night\.ndjson line 3: not JSON/],
      ['a line that is cut off at the end', `${text}{"game_id": "3"`, /^night\.ndjson line 3: not JSON/],
      ['a list', `${text}\n["3"]\n`, /^night\.ndjson line 4: expected an object/],
      ['a text', `"3"\n${text}`, /^night\.ndjson line 1: expected an object/],
      ['null', `${text}null`, /^night\.ndjson line 3: expected an object/],
      [
        'bytes that are no UTF-8',
        Buffer.concat([bytes, Buffer.from([0x7b, 0xff, 0x7d, 0x0a])]),
        /^night\.ndjson.*UTF-8/,
      ],
      [
        'a character that is cut off at the end',
        Buffer.concat([bytes, Buffer.from([0xc3])]),
        /^night\.ndjson.*UTF-8/,
      ],
    ];
    it.each(bad)('refuses %s, names the line, and writes none', async (_name, source, message) => {
      for (const mode of ['append', 'truncate'] as const) {
        for (const form of [source, streamOf([source])]) {
          const table = await tableWith(bed(), [game('9')]);
          const error = await failure(bed().client.load(table, form, { mode, source: 'night.ndjson' }));
          expect(error).toBeInstanceOf(InvalidDataError);
          expect(error.message).toMatch(message);
          expect(await gamesIn(bed(), table)).toEqual([game('9')]);
        }
      }
    });

    it('calls a source without a name input', async () => {
      const table = await tableWith(bed(), []);
      expect((await failure(bed().client.load(table, 'x'))).message).toMatch(/^input line 1\b/);
    });

    it('gives the error of a source that fails, unchanged, and writes none', async () => {
      const table = await tableWith(bed(), [game('9')]);
      const broken = new Error('the disk is gone');
      const source = (async function* () {
        yield text;
        throw broken;
      })();
      expect(await failure(bed().client.load(table, source, { mode: 'truncate' }))).toBe(broken);
      expect(await gamesIn(bed(), table)).toEqual([game('9')]);
    });
  });
}

/** A stream of these chunks. */
async function* streamOf(chunks: Iterable<string | Uint8Array>): AsyncGenerator<string | Uint8Array> {
  yield* chunks;
}
