import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TimeoutError } from '../errors/index.ts';
import { createTestContext } from '../testing/index.ts';
import { withBoundedStore } from './bounded-store.ts';

describe('a bounded store', () => {
  const notes = { name: 'notes', version: 1, schema: z.string() };

  it.each(['get', 'put', 'delete', 'list'] as const)('ends a %s that is not answered', async (operation) => {
    const given = createTestContext();
    const { clock } = given;
    const records = withBoundedStore(given).store.collection(notes);
    given.store.hang();
    const call: () => Promise<unknown> = {
      get: () => records.get('a'),
      put: () => records.put('a', 'text', { ifVersion: undefined, expires: clock.wallNow() + 1_000 }),
      delete: () => records.delete('a', { ifVersion: '1' }),
      list: () => records.list({ limit: 1 }),
    }[operation];
    await expect(clock.runUntil(call())).rejects.toThrow(TimeoutError);
    expect(clock.now()).toBe(10_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives a caller’s reason back unchanged', async () => {
    const given = createTestContext();
    const caller = new AbortController();
    given.store.hang();
    const read = withBoundedStore(given).store.collection(notes).get('a', caller);
    const reason = new Error('the run is over');
    caller.abort(reason);
    await expect(read).rejects.toBe(reason);
  });

  it('is one for each store, however often it is asked for', () => {
    const context = createTestContext();
    const { store } = withBoundedStore(context);
    expect(withBoundedStore(context).store).toBe(store);
    expect(withBoundedStore(withBoundedStore(context)).store).toBe(store);
  });
});
