import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigurationError, InvalidDataError } from '../../src/errors/index.ts';
import { type Collection, type CollectionDefinition, nextFence, type Store } from '../../src/store/index.ts';
import { storeModelContract } from './store-model.ts';

/** One store, made empty for each test. */
export interface StoreUnderTest {
  readonly store: Store;
  /** A second client of the same data, as another process would have; the same one where there can't be two. */
  readonly other: Store;
  /** Lets at least so many milliseconds of store time pass. */
  advance(milliseconds: number): Promise<void>;
  /** Makes the stored value of a record something that is no JSON; left out where that can't be. */
  corrupt?(collection: string, key: string): Promise<void> | void;
  close?(): Promise<void> | void;
}

export interface StoreContractOptions {
  /** Random histories to check against the model. Default: 100. */
  readonly histories?: number | undefined;
  /** Milliseconds that short-lived records of those live; more than a history takes, on real time. Default: 10. */
  readonly short?: number | undefined;
}

const note = z.strictObject({ text: z.string(), count: z.number() });
type Note = z.infer<typeof note>;
const notes: CollectionDefinition<Note> = { name: 'notes', version: 1, schema: note };

const long = 3_600_000;

/** What every Store must do. Registers its tests in the current vitest file. */
export function storeContract(
  name: string,
  make: () => Promise<StoreUnderTest> | StoreUnderTest,
  options: StoreContractOptions = {},
): void {
  describe(`${name} as a store`, () => {
    let test: StoreUnderTest;
    let mine: Collection<Note>;
    let theirs: Collection<Note>;
    beforeEach(async () => {
      test = await make();
      mine = test.store.collection(notes);
      theirs = test.other.collection(notes);
    });
    afterEach(async () => {
      await test.close?.();
    });

    const now = async () => (await mine.get('time')).time;
    const later = async (milliseconds = long) => (await now()) + milliseconds;
    /** Writes whatever is there, and gives the version. */
    const write = async (key: string, value: Note, due?: number, expires?: number) => {
      const { entry } = await mine.get(key);
      const result = await mine.put(key, value, {
        ifVersion: entry?.version,
        due,
        expires: expires ?? (await later()),
      });
      if (!result.ok) throw new Error(`${key} was changed by somebody else`);
      return result.version;
    };
    const value = async (key: string, from = mine) => {
      const { entry } = await from.get(key);
      return entry?.readable ? entry.value : undefined;
    };

    describe('reading and writing', () => {
      it('gives back what was put, to every client', async () => {
        const expires = await later();
        const due = expires - 1_000;
        const put = await mine.put(
          'a',
          { text: 'é ✓ "quoted"', count: 0.1 },
          { ifVersion: undefined, due, expires },
        );
        expect(put.ok).toBe(true);
        const { entry } = await theirs.get('a');
        expect(entry).toEqual({
          key: 'a',
          version: put.ok && put.version,
          due,
          expires,
          readable: true,
          value: { text: 'é ✓ "quoted"', count: 0.1 },
        });
      });

      it('knows no record that was never put', async () => {
        expect((await mine.get('none')).entry).toBeUndefined();
      });

      it('is not changed by what the caller does to the value it gave or got', async () => {
        const given = { text: 'as given', count: 1 };
        await write('a', given);
        given.text = 'changed after';
        const got = (await value('a')) as Note;
        got.text = 'changed too';
        expect(await value('a')).toEqual({ text: 'as given', count: 1 });
      });

      it('keeps collections and keys apart', async () => {
        const others = test.store.collection({ ...notes, name: 'other_notes' });
        const keys = [
          'nba/2026-01-15',
          'nba/2026-01-15/',
          'NBA/2026-01-15',
          'nba:2026-01-15',
          ' ',
          '.',
          'é',
          'e\u0301',
        ];
        for (const [count, key] of keys.entries()) await write(key, { text: key, count });
        for (const [count, key] of keys.entries()) {
          expect(await value(key, theirs)).toEqual({ text: key, count });
          expect((await others.get(key)).entry).toBeUndefined();
        }
      });

      it('tells a time that never goes back', async () => {
        let last = Number.NEGATIVE_INFINITY;
        for (const collection of [mine, theirs, mine, theirs]) {
          const { time } = await collection.get('a');
          const put = await collection.put(
            't',
            { text: '', count: 0 },
            { ifVersion: 'none', expires: time + long },
          );
          const page = await collection.list({ limit: 1 });
          for (const told of [time, put.time, page.time]) {
            expect(told).toBeGreaterThanOrEqual(last);
            last = told;
          }
          await test.advance(2);
        }
      });

      it('tells a time that passes', async () => {
        const before = await now();
        await test.advance(25);
        expect((await now()) - before).toBeGreaterThanOrEqual(25);
      });
    });

    describe('compare-and-set', () => {
      it('creates only where there is nothing', async () => {
        const expires = await later();
        expect((await mine.put('a', { text: 'mine', count: 1 }, { ifVersion: undefined, expires })).ok).toBe(
          true,
        );
        expect(
          (await theirs.put('a', { text: 'theirs', count: 1 }, { ifVersion: undefined, expires })).ok,
        ).toBe(false);
        expect(await value('a')).toEqual({ text: 'mine', count: 1 });
      });

      it('replaces only the version that was read', async () => {
        const expires = await later();
        const first = await write('a', { text: 'first', count: 1 });
        expect((await theirs.put('a', { text: 'second', count: 2 }, { ifVersion: first, expires })).ok).toBe(
          true,
        );
        expect((await mine.put('a', { text: 'late', count: 3 }, { ifVersion: first, expires })).ok).toBe(
          false,
        );
        expect(await value('a')).toEqual({ text: 'second', count: 2 });
      });

      it('replaces nothing that has gone', async () => {
        const version = await write('a', { text: 'first', count: 1 });
        expect(await theirs.delete('a', { ifVersion: version })).toBe(true);
        const put = await mine.put(
          'a',
          { text: 'late', count: 2 },
          { ifVersion: version, expires: await later() },
        );
        expect(put.ok).toBe(false);
        expect((await mine.get('a')).entry).toBeUndefined();
      });

      it('changes the version at every write, also one of the same value, and never uses one again', async () => {
        const versions = new Set<string>();
        for (let round = 0; round < 3; round++) {
          let last = '';
          for (let again = 0; again < 3; again++) {
            last = await write('a', { text: 'same', count: 1 });
            versions.add(last);
          }
          await mine.delete('a', { ifVersion: last });
        }
        expect(versions.size).toBe(9);
      });

      it('deletes only the version that was read', async () => {
        const first = await write('a', { text: 'first', count: 1 });
        const second = await write('a', { text: 'second', count: 2 });
        expect(await mine.delete('a', { ifVersion: first })).toBe(false);
        expect(await value('a')).toEqual({ text: 'second', count: 2 });
        expect(await mine.delete('a', { ifVersion: second })).toBe(true);
        expect(await mine.delete('a', { ifVersion: second })).toBe(false);
      });

      it('lets exactly one of many at the same time win', async () => {
        const version = await write('race', { text: 'start', count: 0 });
        const expires = await later();
        const results = await Promise.all(
          Array.from({ length: 8 }, (_, count) =>
            (count % 2 ? mine : theirs).put('race', { text: 'by', count }, { ifVersion: version, expires }),
          ),
        );
        const winners = results.flatMap(({ ok }, index) => (ok ? [index] : []));
        expect(winners).toHaveLength(1);
        expect(await value('race')).toEqual({ text: 'by', count: winners[0] });
      });

      it('loses no update of clients that read, add one and write back', async () => {
        const expires = await later();
        const add = async (own: Collection<Note>) => {
          for (let done = 0; done < 5; ) {
            const { entry } = await own.get('count');
            const count = entry?.readable ? entry.value.count : 0;
            const put = await own.put(
              'count',
              { text: '', count: count + 1 },
              { ifVersion: entry?.version, expires },
            );
            if (put.ok) done++;
          }
        };
        await Promise.all([mine, theirs, mine].map(add));
        expect((await value('count'))?.count).toBe(15);
      });

      it('carries fencing tokens that grow, also over a record that has expired', async () => {
        const claim = async (own: Collection<Note>, keep: number) => {
          for (;;) {
            const { entry, time } = await own.get('fence');
            const count = nextFence(entry?.readable ? entry.value.count : 0, time);
            const put = await own.put(
              'fence',
              { text: '', count },
              { ifVersion: entry?.version, expires: time + keep },
            );
            if (put.ok) return count;
          }
        };
        const fences = await Promise.all([claim(mine, long), claim(theirs, long), claim(mine, long)]);
        expect(new Set(fences).size).toBe(3);
        const last = await claim(theirs, 20);
        expect(last).toBeGreaterThan(Math.max(...fences));
        await test.advance(30);
        expect((await mine.get('fence')).entry).toBeUndefined();
        expect(await claim(mine, long)).toBeGreaterThan(last);
      });
    });

    describe('expiry', () => {
      it('counts a record as absent from its end on', async () => {
        const version = await write('short', { text: 'short', count: 1 }, undefined, (await now()) + 20);
        await write('long', { text: 'long', count: 1 });
        await test.advance(30);
        expect((await theirs.get('short')).entry).toBeUndefined();
        expect((await mine.list({ limit: 10 })).entries.map(({ key }) => key)).toEqual(['long']);
        const expires = await later();
        expect(await mine.delete('short', { ifVersion: version })).toBe(false);
        expect((await mine.put('short', { text: 'old', count: 2 }, { ifVersion: version, expires })).ok).toBe(
          false,
        );
        const put = await mine.put('short', { text: 'new', count: 2 }, { ifVersion: undefined, expires });
        expect(put.ok && put.version).not.toBe(version);
        expect(await value('short', theirs)).toEqual({ text: 'new', count: 2 });
      });

      it('is moved by a later write', async () => {
        await write('a', { text: 'short', count: 1 }, undefined, (await now()) + 1_000);
        await write('a', { text: 'longer', count: 1 });
        await test.advance(1_010);
        expect(await value('a')).toEqual({ text: 'longer', count: 1 });
      });
    });

    describe('listing', () => {
      const keys = async (query: Partial<Parameters<Collection<Note>['list']>[0]> = {}) =>
        (await theirs.list({ limit: 100, ...query })).entries.map(({ key }) => key);

      it('orders by due time, then key, with those never due last', async () => {
        for (const [key, due] of [
          ['never b', undefined],
          ['late', 300],
          ['soon b', 100],
          ['never a', undefined],
          ['soon a', 100],
          ['past', -5],
        ] as const) {
          await write(key, { text: '', count: 0 }, due);
        }
        expect(await keys()).toEqual(['past', 'soon a', 'soon b', 'late', 'never a', 'never b']);
        expect(await keys({ dueBefore: 100 })).toEqual(['past', 'soon a', 'soon b']);
        expect(await keys({ dueBefore: 99.5 })).toEqual(['past']);
        expect(await keys({ dueBefore: 1e15 })).toEqual(['past', 'soon a', 'soon b', 'late']);
      });

      it('gives every record once over pages of any size', async () => {
        const all = Array.from({ length: 13 }, (_, index) => `key ${String(index).padStart(2, '0')}`);
        for (const [index, key] of all.entries()) {
          await write(key, { text: key, count: index }, index % 3 === 0 ? undefined : index % 2);
        }
        for (const limit of [1, 4, 12, 13, 14]) {
          const seen: string[] = [];
          let after: string | undefined;
          do {
            const page = await mine.list({ limit, after });
            expect(page.entries.length).toBeLessThanOrEqual(limit);
            seen.push(...page.entries.map(({ key }) => key));
            expect(seen.length).toBeLessThanOrEqual(all.length);
            after = page.next;
          } while (after !== undefined);
          expect([...seen].sort()).toEqual(all);
          expect(seen).toEqual(await keys());
        }
      });

      it('goes on after a record that has gone or has another due time by now', async () => {
        for (const key of ['a', 'b', 'c', 'd']) await write(key, { text: '', count: 0 }, 1);
        const first = await mine.list({ limit: 2 });
        await write('b', { text: '', count: 0 }, 99);
        const { entry } = await mine.get('a');
        await mine.delete('a', { ifVersion: entry?.version as string });
        expect(await keys({ after: first.next })).toEqual(['c', 'd', 'b']);
      });

      it('shows what lists and reads alike', async () => {
        await write('a', { text: 'listed', count: 1 }, 5);
        const { entries } = await theirs.list({ limit: 1 });
        expect(entries).toEqual([(await mine.get('a')).entry]);
      });
    });

    describe('what this release can not read', () => {
      const newer = { name: 'notes', version: 2, schema: z.strictObject({ body: z.string() }) };

      it('shows a record of a newer version, and leaves it for newer code', async () => {
        const newNotes = test.other.collection(newer);
        const expires = await later();
        const put = await newNotes.put('a', { body: 'new shape' }, { ifVersion: undefined, due: 7, expires });
        const { entry } = await mine.get('a');
        expect(entry).toMatchObject({
          key: 'a',
          version: put.ok && put.version,
          due: 7,
          expires,
          readable: false,
          why: 'unknown_version',
        });
        expect((await mine.list({ limit: 10 })).entries).toEqual([entry]);
        expect((await mine.put('a', { text: '', count: 0 }, { ifVersion: undefined, expires })).ok).toBe(
          false,
        );
        const still = await newNotes.get('a');
        expect(still.entry).toMatchObject({ readable: true, value: { body: 'new shape' } });
      });

      it('shows a record that does not fit the schema as corrupt, naming the field', async () => {
        const loose = { ...notes, schema: z.object({ text: z.string(), count: z.string() }) };
        const put = { ifVersion: undefined, expires: await later() };
        await test.store.collection(loose).put('a', { text: 'a', count: 'many' }, put);
        const { entry } = await mine.get('a');
        expect(entry).toMatchObject({ readable: false, why: 'corrupt' });
        expect(entry?.readable === false && entry.detail).toContain('count');
      });

      it('shows what is no JSON as corrupt, among the others', async ({ skip }) => {
        if (test.corrupt === undefined) return skip();
        for (const key of ['a', 'b', 'c']) await write(key, { text: key, count: 1 });
        await test.corrupt('notes', 'b');
        const { entries } = await mine.list({ limit: 10 });
        expect(entries.map(({ key, readable }) => [key, readable])).toEqual([
          ['a', true],
          ['b', false],
          ['c', true],
        ]);
        expect((await mine.get('b')).entry).toMatchObject({ readable: false, why: 'corrupt' });
      });

      it('lets an operator replace or delete it, by version', async () => {
        const put = await test.store
          .collection(newer)
          .put('a', { body: '' }, { ifVersion: undefined, expires: await later() });
        expect(await mine.delete('a', { ifVersion: put.ok ? put.version : '' })).toBe(true);
        expect((await mine.get('a')).entry).toBeUndefined();
      });
    });

    describe('wrong use', () => {
      it('refuses a value that would not come out readable, and writes nothing', async () => {
        const expires = await later();
        for (const bad of [
          { text: 'no number', count: Number.NaN },
          { text: 'unknown field', count: 1, more: 1 } as Note,
          { count: 1 } as Note,
          undefined as unknown as Note,
          { text: 'x'.repeat(1_100_000), count: 1 },
        ]) {
          await expect(mine.put('a', bad, { ifVersion: undefined, expires })).rejects.toThrow(
            InvalidDataError,
          );
        }
        expect((await mine.get('a')).entry).toBeUndefined();
      });

      it.each(['', 'x'.repeat(501), '\ud800'])('refuses the key %j', async (key) => {
        const put = mine.put(key, { text: '', count: 0 }, { ifVersion: undefined, expires: await later() });
        await expect(put).rejects.toThrow(ConfigurationError);
        await expect(mine.get(key)).rejects.toThrow(ConfigurationError);
        await expect(mine.delete(key, { ifVersion: '1' })).rejects.toThrow(ConfigurationError);
      });

      it.each([Number.NaN, Infinity])('refuses %d as a time', async (time) => {
        const text = { text: '', count: 0 };
        await expect(mine.put('a', text, { ifVersion: undefined, expires: time })).rejects.toThrow(
          ConfigurationError,
        );
        const expires = await later();
        await expect(mine.put('a', text, { ifVersion: undefined, due: time, expires })).rejects.toThrow(
          ConfigurationError,
        );
      });

      it.each([0, -1, 2.5, 1_001, Number.NaN])('refuses a page of %d', async (limit) => {
        await expect(mine.list({ limit })).rejects.toThrow(ConfigurationError);
      });

      it.each(['', 'x', '{}', '[1]'])("refuses %j as a page's start", async (after) => {
        await expect(mine.list({ limit: 1, after })).rejects.toThrow(ConfigurationError);
      });

      it.each(['', 'Runs', '1st', 'a-b', "x'; drop table records"])(
        'refuses the collection name %j',
        (bad) => {
          expect(() => test.store.collection({ ...notes, name: bad })).toThrow(ConfigurationError);
        },
      );
    });

    it('does nothing for a caller who has given up, and gives the reason back unchanged', async () => {
      const version = await write('a', { text: 'kept', count: 1 });
      const reason = new Error('the run is over');
      const signal = AbortSignal.abort(reason);
      const expires = await later();
      const put = { ifVersion: version, expires, signal };
      await expect(mine.put('a', { text: 'late', count: 2 }, put)).rejects.toBe(reason);
      await expect(mine.get('a', { signal })).rejects.toBe(reason);
      await expect(mine.delete('a', { ifVersion: version, signal })).rejects.toBe(reason);
      await expect(mine.list({ limit: 1, signal })).rejects.toBe(reason);
      expect(await value('a')).toEqual({ text: 'kept', count: 1 });
    });

    storeModelContract(make, options.histories ?? 100, options.short ?? 10);
  });
}
