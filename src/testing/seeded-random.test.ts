import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../errors/index.ts';
import { seededRandom } from './seeded-random.ts';

describe('seeded random numbers', () => {
  const take = (seed: number, count: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: count }, random);
  };

  it('are those of mulberry32', () => {
    // By the published C code, for the seed 1.
    expect(take(1, 3).map((number) => number * 2 ** 32)).toEqual([2_693_262_067, 11_749_833, 2_265_367_787]);
  });

  it('are the same for the same seed, and others for another', () => {
    expect(take(7, 100)).toEqual(take(7, 100));
    expect(take(7, 100)).not.toEqual(take(8, 100));
  });

  it('lie evenly from 0 up to, but not, 1', () => {
    const numbers = take(2026, 100_000);
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    const tenths = new Array(10).fill(0);
    for (const number of numbers) tenths[Math.floor(number * 10)]++;
    for (const count of tenths) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it.each([1.5, Number.NaN, Infinity])('refuse the seed %d', (seed) => {
    expect(() => seededRandom(seed)).toThrow(ConfigurationError);
  });
});
