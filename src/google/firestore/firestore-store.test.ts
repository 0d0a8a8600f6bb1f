import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { storeContract } from '../../../test/contracts/store-contract.ts';
import { FirestoreEmulator, skipWithoutFirestore } from '../../../test/emulators/firestore-emulator.ts';
import { firestoreFront } from '../../../test/emulators/firestore-front.ts';
import { type Network, TcpProxy } from '../../../test/emulators/tcp-proxy.ts';
import { ServiceError, StoreUnavailableError } from '../../errors/index.ts';
import { VirtualClock } from '../../testing/index.ts';
import { Documents, type FirestoreOptions } from './documents.ts';
import { type FirestoreStore, firestoreStore, storeOn } from './firestore-store.ts';

const skip = skipWithoutFirestore();

describe.skipIf(skip !== undefined)(`Firestore's emulator${skip === undefined ? '' : ` (${skip})`}`, () => {
  let emulator: FirestoreEmulator;
  beforeAll(async () => {
    emulator = await FirestoreEmulator.start();
    // The first answer takes the emulator seconds.
    const first = new Documents({ ...ofNewProject(), timeout: '60s' });
    await first.get('warm', 'up', {});
    await first.close();
  }, 90_000);
  afterAll(() => emulator.close());

  const ofNewProject = () => ({ project: `p${randomUUID()}`, endpoint: emulator.endpoint });

  storeContract(
    'Firestore',
    () => {
      const options = ofNewProject();
      const [store, other] = [firestoreStore(options), firestoreStore(options)];
      return {
        store,
        other,
        advance: (milliseconds) => wait(milliseconds),
        corrupt: (collection, key) => corrupt(options, `breakwater_${collection}`, key),
        async close() {
          await store.close();
          await other.close();
        },
      };
    },
    { histories: 10, short: 1_500 },
  );

  describe('Firestore in trouble', () => {
    const definition = { name: 'counts', version: 1, schema: z.number() };
    const never = 1e15;
    let options: FirestoreOptions;
    let store: FirestoreStore;
    beforeEach(() => {
      options = ofNewProject();
      store = firestoreStore(options);
    });
    afterEach(() => store.close());

    it('recognises its own write when the answer was lost, and writes it once', async () => {
      const documents = new Documents(options);
      const collection = storeOn(losing(documents, 'put'), { random: () => 0 }).collection(definition);
      const put = await collection.put('a', 1, { ifVersion: undefined, expires: never });
      const { entry } = await store.collection(definition).get('a');
      expect(put).toMatchObject({ ok: true, version: entry?.version });
      await documents.close();
    });

    it('takes what somebody else wrote meanwhile for theirs, not for its own', async () => {
      const documents = new Documents(options);
      const others = store.collection(definition);
      const collection = storeOn(
        failing(documents, 'put', () => others.put('a', 2, { ifVersion: undefined, expires: never })),
        { random: () => 0 },
      ).collection(definition);
      expect((await collection.put('a', 1, { ifVersion: undefined, expires: never })).ok).toBe(false);
      expect((await others.get('a')).entry).toMatchObject({ value: 2 });
      await documents.close();
    });

    it('knows that it has deleted what is gone, when the answer was lost', async () => {
      const documents = new Documents(options);
      const put = await store.collection(definition).put('a', 1, { ifVersion: undefined, expires: never });
      const collection = storeOn(losing(documents, 'delete'), { random: () => 0 }).collection(definition);
      expect(await collection.delete('a', { ifVersion: put.ok ? put.version : '' })).toBe(true);
      await documents.close();
    });

    it('tells the time that Firestore tells, whatever the machine says', async () => {
      const then = Date.parse('2031-05-06T07:08:09.123Z');
      const front = await firestoreFront(emulator, () => then);
      const elsewhen = firestoreStore({ ...options, endpoint: `http://127.0.0.1:${front.port}` });
      const collection = elsewhen.collection(definition);
      // Expired by Firestore's time, not by this machine's; then the other way round.
      const put = await collection.put('a', 1, { ifVersion: undefined, expires: then });
      expect(put.time).toBe(then);
      expect(await collection.get('a')).toEqual({ time: then, entry: undefined });
      expect(await collection.list({ limit: 10 })).toMatchObject({ time: then, entries: [] });
      await collection.put('b', 2, { ifVersion: undefined, expires: then + 1 });
      expect((await collection.get('b')).entry).toMatchObject({ value: 2 });
      await elsewhen.close();
      front.close();
    });

    it('gives each document the time from which a TTL policy may delete it', async () => {
      const expires = Date.parse('2031-05-06T07:08:09.123Z');
      await store.collection(definition).put('a', 1, { ifVersion: undefined, expires });
      const documents = new Documents(options);
      const { found } = await documents.query('breakwater_counts', { order: 'place', limit: 10 }, {});
      expect(found.map(({ fields }) => fields.ttl)).toMatchObject([
        { timestampValue: { seconds: String(expires / 1_000 - 0.123), nanos: 123_000_000 } },
      ]);
      await documents.close();
    });

    it('takes what is gone for nothing that it has deleted, when it could not read at first', async () => {
      const documents = new Documents(options);
      const collection = storeOn(
        failing(documents, 'get', async () => {}),
        { random: () => 0 },
      ).collection(definition);
      expect(await collection.delete('a', { ifVersion: '1.000000000' })).toBe(false);
      await documents.close();
    });

    it.each<[string, Network]>([
      ['refuses', 'refuse'],
      ['is a black hole', 'hold'],
      ['is too slow', { delay: 10_000 }],
    ])('bounds every call when the network %s, and is there again after it', async (_, network) => {
      const proxy = await TcpProxy.before(emulator.port);
      const clock = new VirtualClock();
      const there = firestoreStore({ ...options, endpoint: `http://127.0.0.1:${proxy.port}`, clock });
      const collection = there.collection(definition);
      const patient = store.collection(definition);
      const first = await patient.put('a', 1, { ifVersion: undefined, expires: never });
      const ifVersion = first.ok ? first.version : '';
      await proxy.set(network);
      const calls = [
        () => collection.get('a'),
        () => collection.put('a', 2, { ifVersion, expires: never }),
        () => collection.delete('a', { ifVersion }),
        () => collection.list({ limit: 10 }),
      ];
      for (const call of calls) {
        const begun = clock.now();
        let ended = Infinity;
        const failure = call().catch((error: unknown) => {
          ended = clock.now();
          return error;
        });
        await clock.advance('5s');
        expect(ended - begun).toBeLessThanOrEqual(5_000);
        expect(await failure).toBeInstanceOf(StoreUnavailableError);
      }
      await proxy.set('pass');
      const timeToldAgain = async () => {
        let isOver = false;
        const got = collection.get('b').then(
          ({ time }) => time,
          () => 0,
        );
        void got.finally(() => {
          isOver = true;
        });
        // Its pauses are virtual, its connection is not.
        for (; !isOver; await wait(1)) await clock.advance(1);
        return got;
      };
      await expect.poll(timeToldAgain, { timeout: 20_000 }).toBeGreaterThan(0);
      await there.close();
      await proxy.close();
    });

    it('is bounded while Firestore is frozen, and a write that lands late changes nothing newer', async () => {
      const collection = store.collection(definition);
      const first = await collection.put('a', 1, { ifVersion: undefined, expires: never });
      const version = first.ok ? first.version : '';
      const impatient = firestoreStore({ ...options, timeout: 300 });
      const hasty = impatient.collection(definition);
      await hasty.get('a');
      emulator.freeze();
      try {
        await expect(hasty.get('a')).rejects.toThrow(StoreUnavailableError);
        await expect(hasty.put('a', 2, { ifVersion: version, expires: never })).rejects.toThrow(
          StoreUnavailableError,
        );
      } finally {
        emulator.thaw();
      }
      // Whether the write given up has landed or not: whoever writes now has read what is there.
      const { entry } = await collection.get('a');
      const next = await collection.put('a', 3, { ifVersion: entry?.version, expires: never });
      if (next.ok) expect((await collection.get('a')).entry).toMatchObject({ value: 3 });
      else expect((await collection.get('a')).entry).toMatchObject({ value: 2 });
      await impatient.close();
    });
  });

  /** Carries the first call of a method out, and loses its answer. */
  function losing(documents: Documents, method: 'put' | 'delete'): Documents {
    let lost = false;
    return new Proxy(documents, {
      get(target, name) {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          const result = (await Reflect.apply(value, target, args)) as unknown;
          if (name !== method || lost) return result;
          lost = true;
          throw unavailable();
        };
      },
    });
  }

  /** Does something else instead of the first call of a method, and fails it. */
  function failing(documents: Documents, method: 'get' | 'put', instead: () => Promise<unknown>): Documents {
    let failed = false;
    return new Proxy(documents, {
      get(target, name) {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          if (name !== method || failed) return Reflect.apply(value, target, args) as unknown;
          failed = true;
          await instead();
          throw unavailable();
        };
      },
    });
  }
});

function unavailable(): ServiceError {
  return new ServiceError('14 UNAVAILABLE', { service: 'firestore', kind: 'transient', code: '14' });
}

async function corrupt(options: FirestoreOptions, collection: string, key: string): Promise<void> {
  const documents = new Documents(options);
  const { found } = await documents.query(collection, { order: 'place', limit: 100 }, {});
  const document = found.find(({ fields }) => (fields.key as { stringValue?: string }).stringValue === key);
  if (document === undefined) throw new Error(`There is no ${key} in ${collection}`);
  const fields = { ...document.fields, json: { stringValue: '{' } };
  await documents.put(collection, document.id, fields, { updateTime: document.updated }, {});
  await documents.close();
}
