import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { storeContract } from '../../test/contracts/store-contract.ts';
import { ConfigurationError, StoreUnavailableError } from '../errors/index.ts';
import { VirtualClock } from '../testing/index.ts';
import { loadSqlite } from './load-sqlite.ts';
import { localState } from './state.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'breakwater-state-'));

storeContract(
  'the local state file',
  () => {
    const dir = folder();
    const clock = new VirtualClock();
    const file = join(dir, 'made', 'state.sqlite');
    const store = localState({ file, clock });
    const other = localState({ file, clock });
    return {
      store,
      other,
      advance: (duration) => clock.advance(duration),
      corrupt(collection, key) {
        const db = new (loadSqlite().DatabaseSync)(file);
        db.prepare(
          "UPDATE records SET value = '{\"cut sho' WHERE collection = :collection AND key = :key",
        ).run({
          collection,
          key,
        });
        db.close();
      },
      close() {
        store.close();
        other.close();
        rmSync(dir, { recursive: true });
      },
    };
  },
  { histories: 25 },
);

describe('a local state file', () => {
  const definition = { name: 'things', version: 1, schema: z.number() };
  let dir: string;
  let file: string;
  beforeEach(() => {
    dir = folder();
    file = join(dir, 'state.sqlite');
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  const time = async (clock?: VirtualClock) => {
    using state = localState({ file, clock });
    return (await state.collection(definition).get('a')).time;
  };

  describe('time', () => {
    it('starts near the wall time', async () => {
      const clock = new VirtualClock({ wall: '2026-01-16T09:00:00Z' });
      expect(await time(clock)).toBe(Date.parse('2026-01-16T09:00:00Z'));
    });

    it('does not notice when the wall clock steps, also for who opens the file after it', async () => {
      const clock = new VirtualClock();
      const before = await time(clock);
      for (const step of ['-90s', '4h']) {
        clock.stepWall(step);
        await clock.advance('1m');
      }
      expect(await time(clock)).toBe(before + 120_000);
    });

    it('goes on from where it was when the machine has started anew with a wall clock that is behind', async () => {
      const first = new VirtualClock();
      await first.advance('5h');
      const before = await time(first);
      const after = await time(new VirtualClock({ wall: '1970-01-01T00:00:00Z' }));
      expect(after).toBeGreaterThanOrEqual(before);
      expect(after).toBeLessThanOrEqual(before + 60_000);
    });

    it('takes the wall time for what passed while the machine was off', async () => {
      const before = await time(new VirtualClock({ wall: '2026-01-16T09:00:00Z' }));
      const after = await time(new VirtualClock({ wall: '2026-01-17T09:00:00Z' }));
      expect(after - before).toBe(86_400_000);
    });

    it('is the same for every client on the machine clock, and passes', async () => {
      using one = localState({ file });
      using two = localState({ file });
      let last = 0;
      for (let look = 0; look < 50; look++) {
        for (const state of [one, two]) {
          const { time: told } = await state.collection(definition).get('a');
          expect(told).toBeGreaterThanOrEqual(last);
          last = told;
        }
      }
    });

    it('is told without a write while the minute that was reserved lasts', async () => {
      const clock = new VirtualClock();
      using state = localState({ file, clock });
      const db = new (loadSqlite().DatabaseSync)(file);
      const reserved = () => db.prepare('SELECT reserved FROM clock').get()?.reserved;
      const before = reserved();
      await clock.advance('59s');
      await state.collection(definition).get('a');
      expect(reserved()).toBe(before);
      await clock.advance('2s');
      const { time: told } = await state.collection(definition).get('a');
      expect(reserved()).toBe(told + 60_000);
      db.close();
    });
  });

  it('keeps what was put when it is opened again', async () => {
    const clock = new VirtualClock();
    const expires = clock.wallNow() + 3_600_000;
    {
      using state = localState({ file, clock });
      await state.collection(definition).put('a', 1, { ifVersion: undefined, expires });
    }
    using state = localState({ file, clock });
    expect((await state.collection(definition).get('a')).entry).toMatchObject({ readable: true, value: 1 });
  });

  it('really deletes what has expired, a few with each write', async () => {
    const clock = new VirtualClock();
    using state = localState({ file, clock });
    const things = state.collection(definition);
    const start = clock.wallNow();
    for (let index = 0; index < 25; index++) {
      await things.put(`old ${index}`, index, { ifVersion: undefined, expires: start + 1_000 });
    }
    await clock.advance('2s');
    const db = new (loadSqlite().DatabaseSync)(file);
    const left = () => db.prepare('SELECT count(*) AS count FROM records').get()?.count;
    for (const wanted of [16, 7, 3, 4]) {
      await things.put(`new ${wanted}`, 1, { ifVersion: undefined, expires: start + 1e9 });
      expect(left()).toBe(wanted);
    }
    db.close();
  });

  describe('what can go wrong', () => {
    it('says so when the file is something else, and leaves it alone', () => {
      writeFileSync(file, 'the accounts of 2025, in no database\n'.repeat(100));
      expect(() => localState({ file })).toThrow(ConfigurationError);
      expect(() => localState({ file })).toThrow(file);
    });

    it('says so when the file is another program’s database, and leaves it alone', () => {
      const db = new (loadSqlite().DatabaseSync)(file);
      db.exec('CREATE TABLE accounts (id INTEGER)');
      expect(() => localState({ file })).toThrow(/must be a state file of breakwater.*state\.sqlite/);
      expect(db.prepare('PRAGMA journal_mode').get()?.journal_mode).toBe('delete');
      db.close();
    });

    it('says so when a newer release made the file', () => {
      localState({ file }).close();
      const db = new (loadSqlite().DatabaseSync)(file);
      db.exec('PRAGMA user_version = 2');
      db.close();
      expect(() => localState({ file })).toThrow(/version 1 \(this one is of version 2\)/);
    });

    it('says so when the file is a folder or its folder is a file', () => {
      expect(() => localState({ file: dir })).toThrow(ConfigurationError);
      writeFileSync(file, '');
      expect(() => localState({ file: join(file, 'state.sqlite') })).toThrow(ConfigurationError);
    });

    it.each(['', 'a\0b', undefined as unknown as string])('refuses %j as a file', (bad) => {
      expect(() => localState({ file: bad })).toThrow(ConfigurationError);
    });

    it('is unavailable, by name, while another process holds the file, and reads on meanwhile', async () => {
      using state = localState({ file });
      const things = state.collection(definition);
      const { time: now } = await things.get('a');
      const db = new (loadSqlite().DatabaseSync)(file);
      db.exec('BEGIN IMMEDIATE');
      const expires = now + 3_600_000;
      const controller = new AbortController();
      const late = things.put('a', 1, { ifVersion: undefined, expires, signal: controller.signal });
      expect((await things.get('a')).entry).toBeUndefined();
      const reason = new Error('waited long enough');
      controller.abort(reason);
      await expect(late).rejects.toBe(reason);
      db.exec('ROLLBACK');
      db.close();
      expect((await things.put('a', 1, { ifVersion: undefined, expires })).ok).toBe(true);
    });

    it('is unavailable when it is closed, also twice', async () => {
      const state = localState({ file });
      state.close();
      state.close();
      await expect(state.collection(definition).get('a')).rejects.toThrow(StoreUnavailableError);
    });

    it('is unavailable when the disk spoils the file', async () => {
      {
        using state = localState({ file });
        const things = state.collection(definition);
        const { time: now } = await things.get('a');
        for (let index = 0; index < 200; index++) {
          await things.put(`key ${index}`, index, { ifVersion: undefined, expires: now + 1e9 });
        }
      }
      const { size } = statSync(file);
      expect(size).toBeGreaterThan(8_192);
      const spoilt = Buffer.alloc(size, 0x5a);
      // The header is whole, so that it opens.
      readFileSync(file).copy(spoilt, 0, 0, 4_096);
      writeFileSync(file, spoilt);
      const attempt = async () => {
        using state = localState({ file });
        await state.collection(definition).list({ limit: 1_000 });
      };
      await expect(attempt()).rejects.toThrow(StoreUnavailableError);
      await expect(attempt()).rejects.toThrow(file);
    });
  });
});
