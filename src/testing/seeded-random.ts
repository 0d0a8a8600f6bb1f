import { ConfigurationError } from '../errors/index.ts';

/**
 * Random numbers in [0, 1) that are the same for the same seed: mulberry32.
 *
 * Good for tests and simulations, not for secrets. Source: Tommy Ettinger, mulberry32 (public domain), 2017.
 *
 * @param seed A whole number; its low 32 bits count.
 */
export function seededRandom(seed: number): () => number {
  if (!Number.isSafeInteger(seed)) throw new ConfigurationError('seededRandom.seed', 'a whole number', seed);
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
