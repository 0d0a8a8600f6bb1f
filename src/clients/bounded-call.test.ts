import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { heapAfterCollection } from '../../test/faults/heap.ts';
import { TimeoutError } from '../errors/index.ts';
import { VirtualClock } from '../testing/index.ts';
import { boundedCall, deadlineOf } from './bounded-call.ts';
import { boundedItems } from './bounded-items.ts';

const never = () => new Promise<never>(() => undefined);

/** A caller's signal and a call within a second. */
function setup() {
  const clock = new VirtualClock();
  const caller = new AbortController();
  const { signal } = caller;
  const call = <T>(work: (signal: AbortSignal) => Promise<T>) =>
    boundedCall({ clock, after: 1_000, signal, what: 'the call' }, work);
  const expectNothingLeft = () => {
    expect(clock.pendingTimers).toBe(0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  };
  return { clock, caller, signal, call, expectNothingLeft };
}

describe('a bounded call', () => {
  it('tells by its signal when it must be done, by its own clock', async () => {
    const { clock, signal, call } = setup();
    await clock.advance('5s');
    expect(await call(async (own) => deadlineOf(own, clock))).toBe(6_000);
    expect(await call(async (own) => deadlineOf(own, new VirtualClock()))).toBe(Infinity);
    expect(deadlineOf(signal, clock)).toBe(Infinity);
  });

  it('of several, one after the other, tells that of each', async () => {
    const { clock, signal } = setup();
    const items = boundedItems({ clock, after: 1_000, signal, what: 'an item' }, async function* (own) {
      for (let item = 0; item < 3; item++) yield deadlineOf(own, clock);
    });
    const seen: number[] = [];
    for await (const item of items) {
      seen.push(item);
      await clock.advance('1m');
    }
    expect(seen).toEqual([1_000, 61_000, 121_000]);
  });

  it('gives what the work gives, or throws what it throws, and leaves nothing', async () => {
    const { call, expectNothingLeft } = setup();
    expect(await call(async () => 7)).toBe(7);
    expectNothingLeft();
    await expect(call(async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expectNothingLeft();
  });

  it('ends in time though the work does not, and aborts that', async () => {
    const { clock, call, expectNothingLeft } = setup();
    let heard: unknown;
    const ended = call((signal) => {
      signal.addEventListener('abort', () => {
        heard = signal.reason;
      });
      return never();
    }).catch((error: unknown) => error);
    await clock.advance(999);
    expect(heard).toBeUndefined();
    await clock.advance(1);
    expect(await ended).toBeInstanceOf(TimeoutError);
    expect(heard).toBe(await ended);
    expectNothingLeft();
  });

  it('ends as soon as the caller gives up, with the caller’s reason', async () => {
    const { caller, call, expectNothingLeft } = setup();
    const ended = call(never).catch((error: unknown) => error);
    caller.abort('a word');
    expect(await ended).toBe('a word');
    expectNothingLeft();
    let worked = false;
    await call(async () => {
      worked = true;
    }).catch(() => undefined);
    expect(worked).toBe(false);
  });

  it('leaves nothing on a signal that outlives 100,000 calls', async () => {
    const { signal, call, expectNothingLeft } = setup();
    const many = async (count: number) => {
      for (let number = 0; number < count; number++)
        await call(async (own) => own.aborted || getEventListeners(signal, 'abort').length);
    };
    await many(10_000);
    const heap = heapAfterCollection();
    await many(90_000);
    expectNothingLeft();
    expect(heapAfterCollection() - heap).toBeLessThan(2 ** 20);
  });
});
