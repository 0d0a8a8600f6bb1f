import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { heapAfterCollection } from '../../test/faults/heap.ts';
import { bindHttp } from './bound-clients.ts';
import { withEither } from './either-signal.ts';

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

describe('either of two signals', () => {
  it.each(['one', 'other'] as const)('is aborted with the reason of the %s', async (which) => {
    const controllers = { one: new AbortController(), other: new AbortController() };
    const { one, other } = controllers;
    const reason = Symbol('enough');
    const ended = withEither(one.signal, other.signal, (signal) => {
      const aborted = new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(signal.reason));
      });
      controllers[which].abort(reason);
      return aborted;
    });
    expect(await ended).toBe(reason);
    expect([listeners(one.signal), listeners(other.signal)]).toEqual([0, 0]);
  });

  it('is aborted from the start where one of them is', async () => {
    const { signal: fresh } = new AbortController();
    const aborted = AbortSignal.abort('gone');
    expect(await withEither(fresh, aborted, async ({ reason }) => reason)).toBe('gone');
    expect(await withEither(aborted, fresh, async ({ reason }) => reason)).toBe('gone');
    expect(listeners(fresh)).toBe(0);
  });

  it('listens to neither once the work has failed, or thrown before it gave a promise', async () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const fail = () => withEither(one.signal, other.signal, () => Promise.reject(new Error('no')));
    const thrown = () =>
      withEither(one.signal, other.signal, () => {
        throw new Error('no');
      });
    await expect(fail()).rejects.toThrow('no');
    await expect(thrown()).rejects.toThrow('no');
    expect([listeners(one.signal), listeners(other.signal)]).toEqual([0, 0]);
  });

  it('leaves nothing on a run’s signal that outlives 100,000 calls with signals of their own', async () => {
    const run = new AbortController();
    const longLived = new AbortController();
    let most = 0;
    const http = bindHttp(
      {
        request: async (_url, { signal } = {}) => {
          // As a client does that listens, and leaves off.
          const heard = () => undefined;
          signal?.addEventListener('abort', heard);
          await undefined;
          most = Math.max(most, listeners(run.signal));
          signal?.removeEventListener('abort', heard);
          return { status: 200, headers: {}, body: new Uint8Array(), text: () => '', json: () => ({}) };
        },
        getJson: () => Promise.reject(new Error('not asked')),
      },
      {
        signal: run.signal,
        fence: { key: 'output/2026-01-15', token: 1 },
        remaining: () => 600_000,
      },
    );
    const many = async (count: number) => {
      for (let number = 0; number < count; number++) {
        const own = number % 2 === 0 ? longLived.signal : new AbortController().signal;
        await http.request('http://odds.example/', { signal: own });
      }
    };
    await many(10_000);
    const heap = heapAfterCollection();
    await many(90_000);
    expect(most).toBe(1);
    expect([listeners(run.signal), listeners(longLived.signal)]).toEqual([0, 0]);
    expect(heapAfterCollection() - heap).toBeLessThan(2 ** 20);
  });
});
