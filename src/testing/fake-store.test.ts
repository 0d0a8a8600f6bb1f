import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { storeContract } from '../../test/contracts/store-contract.ts';
import { ServiceError } from '../errors/index.ts';
import { FakeStore } from './fake-store.ts';
import { VirtualClock } from './virtual-clock.ts';

storeContract('the fake store', () => {
  const clock = new VirtualClock();
  const store = new FakeStore({ clock });
  return { store, other: store, advance: (duration) => clock.advance(duration) };
});

describe('the fake store', () => {
  const notes = { name: 'notes', version: 1, schema: z.string() };
  const setup = () => {
    const store = new FakeStore({ clock: new VirtualClock() });
    const collection = store.collection(notes);
    const put = (value: string) =>
      collection.put('a', value, { ifVersion: undefined, expires: Number.MAX_SAFE_INTEGER });
    return { store, collection, put };
  };

  it('fails every call until it recovers, and keeps what it held', async () => {
    const { store, collection, put } = setup();
    await put('kept');
    store.fail();
    const calls = [
      collection.get('a'),
      put('lost'),
      collection.delete('a', { ifVersion: '1' }),
      collection.list({ limit: 1 }),
    ];
    for (const call of calls) await expect(call).rejects.toThrow(ServiceError);
    store.recover();
    expect((await collection.get('a')).entry).toMatchObject({ value: 'kept' });
  });

  it('fails with the error that it is given, or that is made for each call', async () => {
    const { store, collection } = setup();
    const error = new Error('mine');
    store.fail(error);
    await expect(collection.get('a')).rejects.toBe(error);
    let made = 0;
    store.fail(() => new Error(`number ${++made}`));
    await expect(collection.get('a')).rejects.toThrow('number 1');
    await expect(collection.get('a')).rejects.toThrow('number 2');
  });

  it('hangs until the caller gives up, with the caller’s reason', async () => {
    const { store, collection } = setup();
    store.hang();
    const controller = new AbortController();
    const reason = new Error('the run is over');
    const call = collection.get('a', { signal: controller.signal });
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
  });

  it('lets calls that hung go on when it recovers: they land late', async () => {
    const { store, collection, put } = setup();
    store.hang();
    const late = put('late');
    store.recover();
    expect(await late).toMatchObject({ ok: true });
    expect((await collection.get('a')).entry).toMatchObject({ value: 'late' });
  });

  it('remembers its calls', async () => {
    const { store, collection, put } = setup();
    await put('x');
    store.fail();
    await collection.list({ limit: 1 }).catch(() => undefined);
    expect(store.calls).toEqual([
      { operation: 'put', collection: 'notes', key: 'a' },
      { operation: 'list', collection: 'notes', key: undefined },
    ]);
  });

  it('remembers no more than the newest ten thousand', async () => {
    const { store, collection } = setup();
    for (let call = 0; call < 10_001; call++) await collection.get(`key-${call}`);
    expect(store.calls).toHaveLength(10_000);
    expect(store.calls[0]?.key).toBe('key-1');
  });
});
