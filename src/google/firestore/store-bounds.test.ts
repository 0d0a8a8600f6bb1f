import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type FirestoreFront, firestoreFront } from '../../../test/emulators/firestore-front.ts';
import type { CallOptions } from '../../clients/index.ts';
import { ServiceError, StoreUnavailableError } from '../../errors/index.ts';
import type { Collection } from '../../store/index.ts';
import { VirtualClock } from '../../testing/index.ts';
import { sleep } from '../../time/index.ts';
import type { DocumentQuery, Documents } from './documents.ts';
import { type FirestoreStore, firestoreStore, storeOn } from './firestore-store.ts';

const definition = { name: 'counts', version: 1, schema: z.number() };
const never = 1e15;
const calls: readonly [string, (counts: Collection<number>) => Promise<unknown>][] = [
  ['get', (counts) => counts.get('a')],
  ['put', (counts) => counts.put('a', 1, { ifVersion: undefined, expires: never })],
  ['delete', (counts) => counts.delete('a', { ifVersion: '1.000000000' })],
  ['list', (counts) => counts.list({ limit: 10 })],
];

describe('what a call of the store in Firestore sends', () => {
  let front: FirestoreFront;
  let store: FirestoreStore;
  beforeEach(async () => {
    // Before nothing: whatever is not refused hangs.
    front = await firestoreFront({ port: 9 });
    store = firestoreStore({
      project: 'project',
      endpoint: `http://127.0.0.1:${front.port}`,
      random: () => 0,
    });
  });
  afterEach(async () => {
    await store.close();
    front.close();
  });

  it.each(calls)('%s: three requests while Firestore is unavailable', async (_, call) => {
    front.fault(14, 20);
    await expect(call(store.collection(definition))).rejects.toThrow(StoreUnavailableError);
    expect(front.calls).toHaveLength(3);
  });

  it.each(calls)('%s: one request where Firestore refuses for good', async (_, call) => {
    front.fault(7, 20);
    const refused = call(store.collection(definition));
    await expect(refused).rejects.toMatchObject({ cause: { kind: 'permanent', code: '7' } });
    expect(front.calls).toHaveLength(1);
  });

  it.each(calls)('%s: one request in a black hole, with no more time than the call has', async (_, call) => {
    const clock = new VirtualClock();
    const endpoint = `http://127.0.0.1:${front.port}`;
    const hung = firestoreStore({ project: 'project', endpoint, clock });
    front.fault('hang', 20);
    let endedAt: number | undefined;
    const ended = call(hung.collection(definition)).catch((error: unknown) => {
      endedAt = clock.now();
      return error;
    });
    await expect.poll(() => front.calls.length).toBe(1);
    expect(front.deadlines[0]).toBeLessThanOrEqual(Date.now() + 5_000);
    await clock.advance('5s');
    expect(endedAt).toBe(5_000);
    expect(await ended).toMatchObject({ name: 'StoreUnavailableError', cause: { name: 'TimeoutError' } });
    expect(front.calls).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
    await hung.close();
  });
});

describe('the time of a call of the store in Firestore', () => {
  const time = { seconds: '1000', nanos: 0 };
  const document = (id: string, expires: number) => ({
    id,
    updated: { seconds: '1', nanos: 0 },
    fields: {
      key: { stringValue: id },
      json: { stringValue: '1' },
      record_version: { integerValue: 1 },
      place: { stringValue: id },
      expires: { doubleValue: expires },
    },
  });

  /** Answers reads after so long, and writes never. */
  function slow(clock: VirtualClock, each: number, given: number[]): Documents {
    const hang = async (_collection: string, _id: string, ...rest: unknown[]) => {
      const { signal, timeout } = rest.at(-1) as CallOptions;
      given.push(timeout as number);
      await sleep(clock, 1e9, signal);
    };
    return {
      async get(_collection: string, id: string, { signal, timeout }: CallOptions) {
        given.push(timeout as number);
        await sleep(clock, each, signal);
        return { time, found: document(id, never) };
      },
      put: hang,
      delete: hang,
    } as unknown as Documents;
  }

  it.each<[string, (counts: Collection<number>) => Promise<unknown>]>([
    ['put', (counts) => counts.put('a', 2, { ifVersion: '1.000000000', expires: never })],
    ['delete', (counts) => counts.delete('a', { ifVersion: '1.000000000' })],
  ])('is one for all its requests: %s', async (_, call) => {
    const clock = new VirtualClock();
    const given: number[] = [];
    const counts = storeOn(slow(clock, 3_000, given), { clock, timeout: '5s' }).collection(definition);
    await expect(clock.runUntil(call(counts))).rejects.toThrow(StoreUnavailableError);
    expect(clock.now()).toBe(5_000);
    expect(given).toEqual([5_000, 2_000]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is not spent on a request that would begin after it', async () => {
    const clock = new VirtualClock();
    let requests = 0;
    const documents = {
      async get() {
        requests += 1;
        await sleep(clock, 4_970);
        throw new ServiceError('no', { service: 'firestore', kind: 'transient', code: '14' });
      },
    } as unknown as Documents;
    const counts = storeOn(documents, { clock, random: () => 0.999, timeout: '5s' }).collection(definition);
    await expect(clock.runUntil(counts.get('a'))).rejects.toMatchObject({ cause: { code: '14' } });
    expect([requests, clock.now() <= 5_000]).toEqual([1, true]);
  });

  describe('over expired records', () => {
    const all = Array.from({ length: 5_000 }, (_, index) => document(String(index).padStart(8, '0'), 5));

    /** A collection in which all has expired. */
    function expired(clock: VirtualClock, page: number) {
      const [queries, deletions]: [number[], string[]] = [[], []];
      const documents = {
        async query(_: string, { above, limit }: DocumentQuery, { signal }: CallOptions) {
          queries.push(limit);
          await sleep(clock, page, signal);
          const last = above === undefined ? -1 : Number((above as { stringValue: string }).stringValue);
          return { time, found: all.slice(last + 1, last + 1 + limit) };
        },
        async deleteUnchanged(_: string, found: readonly { readonly id: string }[], call: CallOptions) {
          deletions.push(...found.map(({ id }) => id));
          await sleep(clock, call.timeout as number, call.signal).catch(() => {});
        },
      } as unknown as Documents;
      return { documents, queries, deletions };
    }

    it('takes pages that grow, and deletes some', async () => {
      const clock = new VirtualClock();
      const { documents, queries, deletions } = expired(clock, 100);
      const counts = storeOn(documents, { clock, timeout: '5s' }).collection(definition);
      // Deletions that hang do not keep the page from its caller.
      await expect(clock.runUntil(counts.list({ limit: 1 }))).resolves.toMatchObject({ entries: [] });
      expect(queries.length).toBeLessThan(20);
      expect(deletions).toHaveLength(20);
      expect(clock.now()).toBeLessThan(5_000);
    });

    it('ends in its time though there are more than can be read in it, and deletes some all the same', async () => {
      const clock = new VirtualClock();
      const { documents, deletions } = expired(clock, 900);
      const counts = storeOn(documents, { clock, timeout: '5s' }).collection(definition);
      await expect(clock.runUntil(counts.list({ limit: 1 }))).rejects.toThrow(StoreUnavailableError);
      expect(clock.now()).toBe(5_000);
      expect(deletions).toHaveLength(20);
    });
  });
});
