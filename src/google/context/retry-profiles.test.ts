import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../errors/index.ts';
import { retry } from '../../policy/index.ts';
import { VirtualClock } from '../../testing/index.ts';
import { type RetryProfileName, retryProfile } from './retry-profiles.ts';

/** How long it waits between the attempts of what never works, in milliseconds. */
async function waitsOf(name: RetryProfileName, random: () => number): Promise<number[]> {
  const clock = new VirtualClock();
  const starts: number[] = [];
  const away = new ServiceError('away', { service: 'odds', kind: 'transient' });
  const call = retry({ ...retryProfile(name), clock, random }).execute(async () => {
    starts.push(clock.now());
    throw away;
  });
  await expect(clock.runUntil(call)).rejects.toBe(away);
  return starts.slice(1).map((start, index) => Math.round(start - (starts[index] as number)));
}

const least = () => 0;
const most = () => 1 - Number.EPSILON;

describe('a retry profile', () => {
  it.each([
    ['fast', [0, 0], [100, 200]],
    ['standard', [1_000, 1_000, 1_000], [3_000, 9_000, 15_000]],
    ['patient', [2_000, 2_000, 2_000, 2_000, 2_000], [6_000, 18_000, 54_000, 60_000, 60_000]],
    ['aggressive', [0, 0, 0, 0, 0, 0, 0], [200, 400, 800, 1_600, 2_000, 2_000, 2_000]],
    ['bigquery', [500, 1_000, 2_000, 4_000], [1_000, 2_000, 4_000, 8_000]],
    ['pubsub', [250, 250, 250, 250], [750, 2_250, 5_000, 5_000]],
  ] as const)('%s waits from %j to %j, at random', async (name, shortest, longest) => {
    expect(await waitsOf(name, least)).toEqual(shortest);
    expect(await waitsOf(name, most)).toEqual(longest);
  });
});
