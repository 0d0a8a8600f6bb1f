import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Permits } from './permits.ts';

const settle = () => new Promise(setImmediate);

describe('permits', () => {
  it('are handed on in the order in which they were asked for', async () => {
    const permits = new Permits(1);
    const { signal } = new AbortController();
    const giveBack = await permits.take(signal);
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (place) => {
      const done = await permits.take(signal);
      order.push(place);
      done();
    });
    await settle();
    expect(order).toEqual([]);
    giveBack();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('let go of one who gives up while it waits, with his reason, and pass him over', async () => {
    const permits = new Permits(1);
    const giveBack = await permits.take(new AbortController().signal);
    const controller = new AbortController();
    const first = permits.take(controller.signal);
    const second = permits.take(new AbortController().signal);
    const reason = new Error('the run is over');
    controller.abort(reason);
    await expect(first).rejects.toBe(reason);
    giveBack();
    (await second)();
    (await permits.take(new AbortController().signal))();
  });

  it('are not given to one who has given up before', async () => {
    const reason = new Error('the run is over');
    await expect(new Permits(1).take(AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('count once, however often they are given back', async () => {
    const permits = new Permits(1);
    const { signal } = new AbortController();
    const giveBack = await permits.take(signal);
    giveBack();
    giveBack();
    await permits.take(signal);
    let taken = false;
    void permits.take(signal).then(() => {
      taken = true;
    });
    await settle();
    expect(taken).toBe(false);
  });

  it('are never more than there are, and none is lost, whatever comes', async () => {
    const steps = fc.array(fc.record({ does: fc.constantFrom('take', 'give', 'abort'), which: fc.nat(20) }), {
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), steps, async (most, script) => {
        const permits = new Permits(most);
        const held: (() => void)[] = [];
        const waiting = new Set<AbortController>();
        for (const { does, which } of script) {
          if (does === 'take') {
            const controller = new AbortController();
            waiting.add(controller);
            permits.take(controller.signal).then(
              (giveBack) => {
                waiting.delete(controller);
                held.push(giveBack);
              },
              () => waiting.delete(controller),
            );
          } else if (does === 'give') held.splice(which % Math.max(1, held.length), 1)[0]?.();
          else [...waiting][which % Math.max(1, waiting.size)]?.abort(new Error('gone'));
          await settle();
          expect(held.length).toBeLessThanOrEqual(most);
          expect(waiting.size === 0 || held.length === most).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });
});
