import { getEventListeners } from 'node:events';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  InvalidDataError,
  PreconditionError,
  TimeoutError,
} from '../../src/errors/index.ts';
import type { StorageUnderTest } from './storage-contract.ts';

type Chunk = string | Uint8Array;

/** Objects that go in and come out chunk by chunk. */
export function storageStreamsContract(bucket: () => StorageUnderTest): void {
  const text = async (path: string) => {
    const found = await bucket().client.read(path);
    return found && new TextDecoder().decode(found.data);
  };
  const streamed = async (path: string) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await bucket().other.readStream(path))?.data ?? []) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const nothingBut = async (...paths: string[]) =>
    expect((await bucket().client.list('')).map(({ path }) => path)).toEqual(paths);

  describe('saving a stream', () => {
    const sources: [string, () => AsyncIterable<Chunk>][] = [
      ['bytes, one by one', () => streamOf([...Buffer.from('Dončić 🏀')].map((byte) => Uint8Array.of(byte)))],
      ['text', () => streamOf(['Don', 'čić', '', ' 🏀'])],
      ['a ReadableStream', () => new Blob(['Dončić 🏀']).stream() as AsyncIterable<Uint8Array>],
      ['a buffer that is used again and again', () => sameBuffer('Dončić 🏀')],
    ];
    it.each(sources)('takes %s', async (_name, source) => {
      const saved = await bucket().client.save('a/b', source(), { ifGeneration: 0 });
      expect(saved.size).toBe(Buffer.byteLength('Dončić 🏀'));
      expect(await text('a/b')).toBe('Dončić 🏀');
      expect((await streamed('a/b')).toString()).toBe('Dončić 🏀');
      expect(await bucket().other.list('')).toEqual([saved]);
    });

    it('takes one that gives nothing', async () => {
      expect((await bucket().client.save('empty', streamOf([]))).size).toBe(0);
      expect(await text('empty')).toBe('');
      expect(await streamed('empty')).toEqual(Buffer.alloc(0));
    });

    it.each([8 * 2 ** 20, 20_000_001])('gives back %d bytes as they came', async (size) => {
      const sums = [createHash('sha256'), createHash('sha256')] as const;
      const source = (async function* () {
        for (let left = size; left > 0; left -= 777_777) {
          const chunk = Buffer.alloc(Math.min(left, 777_777), left % 256);
          sums[0].update(chunk);
          yield chunk;
        }
      })();
      const saved = await bucket().client.save('large', source);
      expect(saved.size).toBe(size);
      const found = await bucket().other.readStream('large');
      expect(found?.object).toEqual(saved);
      for await (const chunk of found?.data ?? []) {
        expect(chunk.length).toBeLessThanOrEqual(8 * 2 ** 20);
        sums[1].update(chunk);
      }
      expect(sums[1].digest('hex')).toBe(sums[0].digest('hex'));
    });

    it.each([10, 9_000_000])('replaces only the generation that was read, with %d bytes', async (size) => {
      const first = await bucket().client.save('state', 'first');
      const second = () => streamOf([Buffer.alloc(size, 'x')]);
      const overtaken = bucket().client.save('state', second(), { ifGeneration: 0 });
      await expect(overtaken).rejects.toThrow(PreconditionError);
      expect(await text('state')).toBe('first');
      const meanwhile = (async function* () {
        yield Buffer.alloc(size, 'y');
        await bucket().other.save('state', 'theirs');
      })();
      const late = bucket().client.save('state', meanwhile, { ifGeneration: first.generation });
      await expect(late).rejects.toThrow(PreconditionError);
      expect(await text('state')).toBe('theirs');
      const { size: saved } = await bucket().client.save('state', second());
      expect(saved).toBe(size);
    });

    it.each([10, 9_000_000])('leaves no half object of a source that fails after %d bytes', async (size) => {
      await bucket().client.save('kept', 'before');
      const broken = new Error('the disk is gone');
      const source = () =>
        (async function* () {
          yield Buffer.alloc(size);
          throw broken;
        })();
      await expect(bucket().client.save('kept', source())).rejects.toBe(broken);
      await expect(bucket().client.save('new', source())).rejects.toBe(broken);
      expect(await text('kept')).toBe('before');
      await nothingBut('kept');
    });

    it.each([10, 9_000_000])('leaves none of a caller who gives up after %d bytes', async (size) => {
      const call = new AbortController();
      const reason = new Error('the run is over');
      const letGo = Promise.withResolvers<void>();
      const source = (async function* () {
        try {
          yield Buffer.alloc(size);
          call.abort(reason);
          yield Buffer.alloc(size);
        } finally {
          letGo.resolve();
        }
      })();
      const saving = bucket().client.save('new', source, { signal: call.signal });
      await expect(saving).rejects.toBe(reason);
      await letGo.promise;
      expect(getEventListeners(call.signal, 'abort')).toEqual([]);
      await nothingBut();
    });

    it('is over in its time though the source gives nothing', async () => {
      const source = (async function* () {
        yield 'something';
        await new Promise(() => {});
      })();
      const saving = bucket().client.save('new', source, { timeout: 50 });
      await expect(bucket().until(saving)).rejects.toThrow(TimeoutError);
      await nothingBut();
    });

    it('is refused where it gives more than it may, or no bytes', async () => {
      const { client } = bucket();
      const five = () => streamOf(['12', '345']);
      await expect(client.save('a', five(), { maxBytes: 4 })).rejects.toThrow(InvalidDataError);
      await expect(client.save('a', streamOf([7 as never]))).rejects.toThrow(InvalidDataError);
      for (const maxBytes of [-1, 0.5, Number.NaN])
        await expect(client.save('a', five(), { maxBytes })).rejects.toThrow(ConfigurationError);
      await nothingBut();
      expect((await client.save('a', five(), { maxBytes: 5 })).size).toBe(5);
    });
  });

  describe('reading a stream', () => {
    it('knows no object that was never saved', async () => {
      expect(await bucket().client.readStream('none')).toBeUndefined();
    });

    it('may be left at any time', async () => {
      await bucket().client.save('large', streamOf([Buffer.alloc(10_000_000)]));
      const call = new AbortController();
      const found = await bucket().client.readStream('large', { signal: call.signal });
      for await (const chunk of found?.data ?? []) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
      expect(getEventListeners(call.signal, 'abort')).toEqual([]);
    });

    it('ends with the reason of a caller who gives up, unchanged', async () => {
      await bucket().client.save('large', streamOf([Buffer.alloc(10_000_000)]));
      const call = new AbortController();
      const reason = new Error('the run is over');
      const found = await bucket().client.readStream('large', { signal: call.signal });
      const reading = async () => {
        for await (const chunk of found?.data ?? []) if (chunk.length > 0) call.abort(reason);
      };
      await expect(reading()).rejects.toBe(reason);
      expect(getEventListeners(call.signal, 'abort')).toEqual([]);
      const late = bucket().client.readStream('large', { signal: call.signal });
      await expect(late).rejects.toBe(reason);
    });
  });
}

async function* streamOf(chunks: Iterable<Chunk>): AsyncGenerator<Chunk> {
  yield* chunks;
}

async function* sameBuffer(text: string): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(1);
  for (const byte of Buffer.from(text)) {
    buffer[0] = byte;
    yield buffer;
  }
}
