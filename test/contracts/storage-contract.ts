import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StorageClient } from '../../src/clients/index.ts';
import { ConfigurationError, PreconditionError } from '../../src/errors/index.ts';
import { storageStreamsContract } from './storage-streams.ts';

/** One bucket, made empty for each test. */
export interface StorageUnderTest {
  readonly client: StorageClient;
  /** A second client of the same bucket, as another process would have; the same one where there can't be two. */
  readonly other: StorageClient;
  /** The call's result, once the time that it waits for has passed. */
  until<T>(call: Promise<T>): Promise<T>;
  close?(): Promise<void> | void;
}

/** What every StorageClient must do. Registers its tests in the current vitest file. */
export function storageContract(
  name: string,
  make: () => Promise<StorageUnderTest> | StorageUnderTest,
): void {
  describe(`${name} as a storage client`, () => {
    let bucket: StorageUnderTest;
    let client: StorageClient;
    beforeEach(async () => {
      bucket = await make();
      client = bucket.client;
    });
    afterEach(async () => {
      await bucket.close?.();
    });

    const text = async (path: string, from = client) => {
      const found = await from.read(path);
      return found && new TextDecoder().decode(found.data);
    };

    describe('saving and reading', () => {
      it('gives back the bytes that were saved', async () => {
        const bytes = Uint8Array.from({ length: 1_000 }, (_, index) => index % 256);
        const saved = await client.save('raw/box-score.bin', bytes);
        const found = await client.read('raw/box-score.bin');
        expect(Buffer.from(found?.data ?? []).equals(bytes)).toBe(true);
        expect(found?.object).toEqual(saved);
        expect(saved).toMatchObject({ path: 'raw/box-score.bin', size: 1_000 });
        expect(new Date(saved.updated).toISOString()).toBe(saved.updated);
      });

      it('saves text as UTF-8 and counts bytes', async () => {
        const saved = await client.save('note.txt', 'Dončić – 33 Punkte 🏀');
        expect(saved.size).toBe(Buffer.byteLength('Dončić – 33 Punkte 🏀'));
        expect(await text('note.txt')).toBe('Dončić – 33 Punkte 🏀');
      });

      it('keeps an empty object', async () => {
        expect((await client.save('empty', '')).size).toBe(0);
        expect(await text('empty')).toBe('');
      });

      it('shows one client what another has saved', async () => {
        await client.save('shared.txt', 'from the first');
        expect(await text('shared.txt', bucket.other)).toBe('from the first');
        await bucket.other.save('shared.txt', 'from the second');
        expect(await text('shared.txt')).toBe('from the second');
      });

      it('knows no object that was never saved', async () => {
        expect(await client.read('none')).toBeUndefined();
        expect(await client.read('no/such/folder')).toBeUndefined();
      });

      it('is not changed by what the caller does to the bytes it gave or got', async () => {
        const bytes = Uint8Array.from([1, 2, 3]);
        await client.save('bytes', bytes);
        bytes[0] = 9;
        const found = await client.read('bytes');
        found?.data.fill(7);
        expect([...((await client.read('bytes'))?.data ?? [])]).toEqual([1, 2, 3]);
      });

      it('replaces an object whole', async () => {
        await client.save('report.txt', 'a long first report');
        const second = await client.save('report.txt', 'short');
        expect(await text('report.txt')).toBe('short');
        expect(second.size).toBe(5);
      });

      it('takes paths with spaces, accents and dots', async () => {
        const paths = ['games of the night/LAL @ DEN.json', 'joueurs/Wembanyama é.json', 'a.b/..c/d...json'];
        for (const path of paths) await client.save(path, path);
        for (const path of paths) expect(await text(path)).toBe(path);
      });
    });

    storageStreamsContract(() => bucket);

    describe('generations', () => {
      it('grow at every write', async () => {
        const generations = [];
        for (let write = 0; write < 5; write++) {
          generations.push((await client.save('counter', String(write))).generation);
        }
        expectGrowing(generations);
      });

      it('grow over a delete, so that an old one never fits again', async () => {
        const before = await client.save('object', '1');
        await client.delete('object');
        const after = await client.save('object', '1');
        expectGrowing([before.generation, after.generation]);
        await expect(client.save('object', '2', { ifGeneration: before.generation })).rejects.toThrow(
          PreconditionError,
        );
      });

      it('are positive whole numbers', async () => {
        const { generation } = await client.save('object', '1');
        expect(Number.isSafeInteger(generation) && generation > 0).toBe(true);
      });

      it('are the same in a save, a read and a list', async () => {
        const saved = await client.save('object', '1');
        expect((await bucket.other.read('object'))?.object).toEqual(saved);
        expect(await bucket.other.list('')).toEqual([saved]);
      });
    });

    describe('compare-and-set', () => {
      it('creates with generation 0 only where there is nothing', async () => {
        await client.save('lock', 'mine', { ifGeneration: 0 });
        await expect(bucket.other.save('lock', 'theirs', { ifGeneration: 0 })).rejects.toThrow(
          PreconditionError,
        );
        expect(await text('lock')).toBe('mine');
        await client.delete('lock');
        await bucket.other.save('lock', 'theirs', { ifGeneration: 0 });
        expect(await text('lock')).toBe('theirs');
      });

      it('replaces only the generation that was read', async () => {
        const first = await client.save('state', 'first');
        await bucket.other.save('state', 'second', { ifGeneration: first.generation });
        await expect(client.save('state', 'late', { ifGeneration: first.generation })).rejects.toThrow(
          PreconditionError,
        );
        expect(await text('state')).toBe('second');
      });

      it('replaces nothing that has gone', async () => {
        const { generation } = await client.save('state', 'first');
        await client.delete('state');
        await expect(client.save('state', 'late', { ifGeneration: generation })).rejects.toThrow(
          PreconditionError,
        );
        expect(await client.read('state')).toBeUndefined();
      });

      it('lets exactly one of many at the same time win', async () => {
        const { generation } = await client.save('race', 'start');
        const results = await Promise.allSettled(
          Array.from({ length: 10 }, (_, index) =>
            (index % 2 ? client : bucket.other).save('race', `by ${index}`, { ifGeneration: generation }),
          ),
        );
        const winners = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
        expect(winners).toHaveLength(1);
        expect(await text('race')).toBe(`by ${winners[0]}`);
        for (const result of results) {
          if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(PreconditionError);
        }
      });

      it('loses no update of clients that read, add one and write back', async () => {
        await client.save('count', '0');
        const add = async (own: StorageClient) => {
          for (let done = 0; done < 5; ) {
            const found = await own.read('count');
            const next = String(Number(new TextDecoder().decode(found?.data)) + 1);
            try {
              await own.save('count', next, { ifGeneration: found?.object.generation });
              done++;
            } catch (error) {
              if (!(error instanceof PreconditionError)) throw error;
            }
          }
        };
        await Promise.all([client, bucket.other, client].map(add));
        expect(await text('count')).toBe('15');
      });
    });

    describe('deleting', () => {
      it('tells whether there was something to delete', async () => {
        await client.save('old/report', '1');
        expect(await client.delete('old/report')).toBe(true);
        expect(await client.delete('old/report')).toBe(false);
        expect(await client.read('old/report')).toBeUndefined();
        expect(await client.list('')).toEqual([]);
      });

      it('spares a generation other than the one asked for', async () => {
        const first = await client.save('report', '1');
        const second = await client.save('report', '2');
        await expect(client.delete('report', { ifGeneration: first.generation })).rejects.toThrow(
          PreconditionError,
        );
        expect(await text('report')).toBe('2');
        expect(await client.delete('report', { ifGeneration: second.generation })).toBe(true);
        expect(await client.delete('report', { ifGeneration: second.generation })).toBe(false);
      });
    });

    describe('listing', () => {
      const paths = async (prefix: string, options?: Parameters<StorageClient['list']>[1]) =>
        (await client.list(prefix, options)).map(({ path }) => path);

      it('gives what starts with the prefix, in order of path', async () => {
        for (const path of ['beats/b', 'beats/a', 'beats-old/c', 'beats.txt', 'runs/x']) {
          await client.save(path, path);
        }
        expect(await paths('')).toEqual(['beats-old/c', 'beats.txt', 'beats/a', 'beats/b', 'runs/x']);
        expect(await paths('beats/')).toEqual(['beats/a', 'beats/b']);
        expect(await paths('beats')).toEqual(['beats-old/c', 'beats.txt', 'beats/a', 'beats/b']);
        expect(await paths('beats/b')).toEqual(['beats/b']);
        expect(await paths('nothing/')).toEqual([]);
      });

      it('gives every object once over pages of any size', async () => {
        const all = Array.from(
          { length: 23 },
          (_, index) => `${'abc'[index % 3]}/${String(index).padStart(2, '0')}`,
        );
        for (const path of all) await client.save(path, '');
        for (const limit of [1, 5, 22, 23, 24]) {
          const seen: string[] = [];
          for (let page = await paths('', { limit }); page.length > 0; ) {
            expect(page.length).toBeLessThanOrEqual(limit);
            seen.push(...page);
            expect(seen.length).toBeLessThanOrEqual(all.length);
            page = await paths('', { limit, after: seen.at(-1) });
          }
          expect(seen).toEqual([...all].sort());
        }
        expect(await paths('b/', { after: 'b/10', limit: 2 })).toEqual(['b/13', 'b/16']);
      });

      it('starts after a path that has gone', async () => {
        for (const path of ['a', 'b', 'c']) await client.save(path, '');
        await client.delete('b');
        expect(await paths('', { after: 'b' })).toEqual(['c']);
      });
    });

    describe('wrong use', () => {
      const bad = [
        '',
        '/etc/passwd',
        '../up',
        'a/../../up',
        'a/..',
        '.',
        'a/./b',
        'a//b',
        'a/',
        'a\0b',
        'a\\b',
      ];
      it.each(bad)('refuses the path %j everywhere', async (path) => {
        await expect(client.save(path, 'x')).rejects.toThrow(ConfigurationError);
        await expect(client.read(path)).rejects.toThrow(ConfigurationError);
        await expect(client.delete(path)).rejects.toThrow(ConfigurationError);
        expect(await client.list('')).toEqual([]);
      });

      it('refuses a path of more than 1,024 bytes', async () => {
        await expect(client.save(`${'é/'.repeat(400)}x`, 'x')).rejects.toThrow(ConfigurationError);
      });

      it.each(['../', '/', 'a/../b', 'a\0'])('refuses the prefix %j', async (prefix) => {
        await expect(client.list(prefix)).rejects.toThrow(ConfigurationError);
      });

      it.each([0, -1, 1.5, 1_001, Number.NaN])('refuses a limit of %d', async (limit) => {
        await expect(client.list('', { limit })).rejects.toThrow(ConfigurationError);
      });

      it.each([-1, 0.5, Number.NaN, Infinity])('refuses the generation %d', async (ifGeneration) => {
        await expect(client.save('a', 'x', { ifGeneration })).rejects.toThrow(ConfigurationError);
        await expect(client.delete('a', { ifGeneration })).rejects.toThrow(ConfigurationError);
      });
    });

    it('does nothing for a caller who has given up, and gives the reason back unchanged', async () => {
      await client.save('kept', '1');
      const reason = new Error('the run is over');
      const signal = AbortSignal.abort(reason);
      await expect(client.save('kept', '2', { signal })).rejects.toBe(reason);
      await expect(client.read('kept', { signal })).rejects.toBe(reason);
      await expect(client.delete('kept', { signal })).rejects.toBe(reason);
      await expect(client.list('', { signal })).rejects.toBe(reason);
      expect(await text('kept')).toBe('1');
    });
  });
}

function expectGrowing(numbers: readonly number[]): void {
  for (const [index, number] of numbers.entries()) {
    if (index > 0) expect(number).toBeGreaterThan(numbers[index - 1] as number);
  }
}
