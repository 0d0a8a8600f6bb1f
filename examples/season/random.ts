import { seededRandom } from 'breakwater/testing';

/** A number in [0, 1). */
export type Random = () => number;

/**
 * A stream of random numbers of its own for each name, so that no draw depends on what was drawn before for something else.
 *
 * The seed and the name are hashed with FNV-1a (Fowler, Noll and Vo, public domain).
 *
 * @example
 * const random = stream(7, 'game', '0022500529');
 */
export function stream(seed: number, ...name: readonly (string | number)[]): Random {
  const text = `${seed}/${name.join('/')}`;
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return seededRandom(hash >>> 0);
}

export function chance(random: Random, probability: number): boolean {
  return random() < probability;
}

/** A whole number from `low` to `high`, both included. */
export function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}

/** From a normal distribution, by the method of Box and Muller. */
export function normal(random: Random, mean: number, deviation: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return mean + deviation * radius * Math.cos(2 * Math.PI * random());
}

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!;
}

/** One of the list, each as likely as its weight says. */
export function weighted<T>(random: Random, list: readonly T[], weight: (item: T) => number): T {
  let total = 0;
  for (const item of list) total += weight(item);
  let rest = random() * total;
  for (const item of list) {
    rest -= weight(item);
    if (rest < 0) return item;
  }
  return list[list.length - 1]!;
}

/** A copy in random order (Fisher and Yates). */
export function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const copy = [...list];
  for (let last = copy.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [copy[last], copy[other]] = [copy[other]!, copy[last]!];
  }
  return copy;
}
