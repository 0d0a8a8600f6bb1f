import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storageContract } from '../../test/contracts/storage-contract.ts';
import { ConfigurationError, PreconditionError, StoreUnavailableError } from '../errors/index.ts';
import { VirtualClock } from '../testing/index.ts';
import { bootId } from './instance.ts';
import { localObjects } from './objects.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'breakwater-objects-'));

storageContract('a local folder', () => {
  const dir = folder();
  const client = localObjects({ dir: join(dir, 'made', 'objects') });
  const other = localObjects({ dir: client.dir });
  return {
    client,
    other,
    until: (call) => call,
    close() {
      client.close();
      other.close();
      rmSync(dir, { recursive: true });
    },
  };
});

describe('local objects', () => {
  let dir: string;
  let objects: ReturnType<typeof localObjects>;
  beforeEach(() => {
    dir = folder();
    objects = localObjects({ dir, clock: new VirtualClock({ wall: '2026-01-16T09:00:00Z' }) });
  });
  afterEach(() => {
    objects.close();
    rmSync(dir, { recursive: true });
  });
  const paths = async (prefix = '') => (await objects.list(prefix)).map(({ path }) => path);

  it('are plain files of their paths', async () => {
    await objects.save('runs/2026-01-16/report.json', '{"ok":true}');
    expect(readFileSync(join(dir, 'runs/2026-01-16/report.json'), 'utf8')).toBe('{"ok":true}');
    expect(readdirSync(dir).sort()).toEqual(['.breakwater', 'runs']);
  });

  it('tell the time of their clock', async () => {
    expect((await objects.save('a', '1')).updated).toBe('2026-01-16T09:00:00.000Z');
  });

  it('leave no file aside and no empty folder behind', async () => {
    await objects.save('a/b/c', '1');
    await objects.save('a/d', '1');
    expect(
      readdirSync(join(dir, '.breakwater')).filter((name) => !name.startsWith('objects.sqlite')),
    ).toEqual([]);
    await objects.delete('a/b/c');
    expect(readdirSync(join(dir, 'a'))).toEqual(['d']);
    await objects.delete('a/d');
    expect(existsSync(join(dir, 'a'))).toBe(false);
    expect(existsSync(dir)).toBe(true);
  });

  it('grow in generation over another opening of the folder', async () => {
    const before = await objects.save('a', '1');
    await objects.delete('a');
    objects.close();
    objects = localObjects({ dir, clock: new VirtualClock({ wall: '2001-01-01T00:00:00Z' }) });
    expect((await objects.save('a', '1')).generation).toBeGreaterThan(before.generation);
  });

  describe('whose files somebody else changes', () => {
    it('are found when they were put there by hand', async () => {
      mkdirSync(join(dir, 'by'));
      writeFileSync(join(dir, 'by/hand.txt'), 'hello');
      utimesSync(join(dir, 'by/hand.txt'), 1_700_000_000, 1_700_000_000);
      const [listed] = await objects.list('by/');
      expect(listed).toMatchObject({ path: 'by/hand.txt', size: 5, updated: '2023-11-14T22:13:20.000Z' });
      expect((await objects.read('by/hand.txt'))?.object).toEqual(listed);
      await expect(objects.save('by/hand.txt', 'mine', { ifGeneration: 0 })).rejects.toThrow(
        PreconditionError,
      );
      await objects.save('by/hand.txt', 'mine', { ifGeneration: listed?.generation });
    });

    it('get a new generation, so that no write is made on what it did not see', async () => {
      const saved = await objects.save('a', 'one');
      writeFileSync(join(dir, 'a'), 'two!');
      await expect(objects.save('a', 'three', { ifGeneration: saved.generation })).rejects.toThrow(
        PreconditionError,
      );
      const found = await objects.read('a');
      expect(Buffer.from(found?.data ?? []).toString()).toBe('two!');
      expect(found?.object.generation).toBeGreaterThan(saved.generation);
    });

    it('are gone when their files are, and are forgotten when the folder is opened again', async () => {
      const saved = await objects.save('a', 'one');
      await objects.save('b', 'two');
      rmSync(join(dir, 'a'));
      expect(await objects.read('a')).toBeUndefined();
      expect(await paths()).toEqual(['b']);
      await expect(objects.save('a', 'x', { ifGeneration: saved.generation })).rejects.toThrow(
        PreconditionError,
      );
      objects.close();
      objects = localObjects({ dir });
      expect(await paths()).toEqual(['b']);
    });

    it('are not what links point to', async () => {
      symlinkSync('/etc/hostname', join(dir, 'link'));
      expect(await objects.read('link')).toBeUndefined();
      expect(await paths()).toEqual([]);
      await objects.save('link', 'mine');
      expect(readFileSync(join(dir, 'link'), 'utf8')).toBe('mine');
    });
  });

  it('overwrite what a killed writer left aside', async () => {
    writeFileSync(join(dir, '.breakwater/incoming'), 'a long half of somebody else’s object');
    await objects.save('a', 'short');
    expect(readFileSync(join(dir, 'a'), 'utf8')).toBe('short');
  });

  it('remove at their opening what a killed writer of a stream left aside, and nothing of one that lives', async () => {
    const aside = join(dir, '.breakwater');
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(join(aside, `incoming~${pid}~1~${bootId()}~x~y`), 'half an object');
    const started = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const source = (async function* () {
      yield 'one ';
      started.resolve();
      await goOn.promise;
      yield 'two';
    })();
    const saving = objects.save('a', source);
    await started.promise;
    const incoming = () => readdirSync(aside).filter((name) => name.startsWith('incoming'));
    expect(incoming()).toHaveLength(2);
    localObjects({ dir }).close();
    expect(incoming()).toHaveLength(1);
    goOn.resolve();
    expect((await saving).size).toBe(7);
    expect(incoming()).toEqual([]);
  });

  it('end a stream in an error when their file is changed meanwhile', async () => {
    let given = 0;
    const change: [string, () => unknown][] = [
      ['overwritten', () => objects.save('a', 'new')],
      ['deleted', () => objects.delete('a')],
      ['written into', () => writeFileSync(join(dir, 'a'), 'x', { flag: 'r+' })],
    ];
    for (const [, meanwhile] of change) {
      await objects.save('a', Buffer.alloc(1_000_000));
      const found = await objects.readStream('a');
      await meanwhile();
      const reading = async () => {
        for await (const chunk of found?.data ?? []) given += chunk.length;
      };
      await expect(reading()).rejects.toMatchObject({ code: 'overwritten', kind: 'transient' });
    }
    // Not one byte of another object.
    expect(given).toBe(0);
  });

  it('refuse to be a folder and an object at once, and stay as they were', async () => {
    await objects.save('a', 'an object');
    await expect(objects.save('a/b', 'below it')).rejects.toThrow(ConfigurationError);
    await objects.save('c/d', 'an object');
    await expect(objects.save('c', 'above it')).rejects.toThrow(ConfigurationError);
    expect(await paths()).toEqual(['a', 'c/d']);
    expect(await objects.read('c')).toBeUndefined();
    expect(await objects.read('a/b')).toBeUndefined();
    expect(await objects.delete('c')).toBe(false);
  });

  it('keep the index to themselves', async () => {
    for (const path of ['.breakwater', '.breakwater/objects.sqlite']) {
      await expect(objects.save(path, 'x')).rejects.toThrow(ConfigurationError);
      await expect(objects.read(path)).rejects.toThrow(ConfigurationError);
    }
    expect(await paths('.breakwater/')).toEqual([]);
    await objects.save('.breakwater-notes/a', 'x');
    expect(await paths('.break')).toEqual(['.breakwater-notes/a']);
  });

  it('refuse names that no file can have', async () => {
    await expect(objects.save('x'.repeat(300), 'x')).rejects.toThrow(/255 bytes/);
    await expect(objects.read('x'.repeat(300))).rejects.toThrow(ConfigurationError);
  });

  it('say so when the folder can not be one', () => {
    writeFileSync(join(dir, 'file'), '');
    expect(() => localObjects({ dir: join(dir, 'file') })).toThrow(ConfigurationError);
    expect(() => localObjects({ dir: '' })).toThrow(ConfigurationError);
  });

  it('are unavailable when they are closed', async () => {
    objects.close();
    await expect(objects.read('a')).rejects.toThrow(StoreUnavailableError);
    await expect(objects.save('a', 'x')).rejects.toThrow(StoreUnavailableError);
  });

  it('are listed as a sorted list of their paths would be cut, for any prefix and start', async () => {
    const segment = fc.stringMatching(/^[ab.-]{1,2}x$/);
    const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/'));
    const all = fc.uniqueArray(path, { maxLength: 12 }).map((found) =>
      // No object may be a folder of another one.
      found.filter((one) => !found.some((other) => other.startsWith(`${one}/`))),
    );
    await fc.assert(
      fc.asyncProperty(
        all,
        fc.option(path, { nil: '' }),
        fc.nat(4),
        fc.option(path, { nil: undefined }),
        fc.integer({ min: 1, max: 5 }),
        async (saved, near, cut, after, limit) => {
          for (const one of saved) await objects.save(one, one);
          const prefix = near.slice(0, cut);
          const wanted = saved
            .filter((one) => one.startsWith(prefix) && (after === undefined || one > after))
            .sort()
            .slice(0, limit);
          const listed = await objects.list(prefix, { after, limit });
          expect(listed.map((object) => object.path)).toEqual(wanted);
          for (const one of saved) await objects.delete(one);
        },
      ),
      { numRuns: 60 },
    );
  });
});
