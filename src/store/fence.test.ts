import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextFence } from './fence.ts';

describe('fences', () => {
  const storeTime = fc.double({ min: 0, max: 8e15, noNaN: true });

  it('grow by every claim, whatever the store says the time is', () => {
    fc.assert(
      fc.property(fc.array(storeTime, { minLength: 2, maxLength: 50 }), (times) => {
        let previous = 0;
        for (const time of times) {
          const fence = nextFence(previous, time);
          expect(fence).toBeGreaterThan(previous);
          expect(fence).toBeGreaterThan(time - 1);
          expect(Number.isSafeInteger(fence)).toBe(true);
          previous = fence;
        }
      }),
    );
  });

  it('do not start again when the record of the earlier ones is gone, unless a key was claimed every millisecond', () => {
    fc.assert(
      fc.property(storeTime, fc.integer({ min: 1, max: 1_000 }), (start, claims) => {
        let last = 0;
        for (let claim = 0; claim < claims; claim++) last = nextFence(last, start);
        const forgotten = nextFence(0, start + 7 * 86_400_000);
        expect(forgotten).toBeGreaterThan(last);
      }),
      { numRuns: 50 },
    );
  });

  it('are the time of the store for a key that was never claimed', () => {
    expect(nextFence(0, 1_768_554_000_000.7)).toBe(1_768_554_000_000);
  });
});
