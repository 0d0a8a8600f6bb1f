import { beforeAll, describe, expect, it } from 'vitest';
import { inputs } from './assumptions.ts';
import { rankCorrelation } from './figures.ts';
import { type KillPoint, newWorld } from './new-world.ts';
import { type Replay, replay } from './replay.ts';

const patience = 120_000;

describe('the storm of 16 January, replayed', () => {
  let result: Replay;
  beforeAll(async () => {
    result = await replay();
  }, patience);

  it('comes as it came, in the world as it was', () => {
    const { asItWas } = result.worlds;
    expect(result.fit.totalIsMet).toBe(true);
    expect(result.fit.rankCorrelation).toBeGreaterThan(0.85);
    expect(asItWas.failures).toBeGreaterThan(4_500);
    expect(asItWas.stuck).toBeGreaterThan(1_800);
    expect(asItWas.startsByHour).toHaveLength(21);
  });

  it('is smaller with the template’s breaker, which asks upstream for each message that it rejects', () => {
    const { template, asItWas, breakwater } = result.worlds;
    expect(template.starts).toBeLessThan(asItWas.starts);
    expect(template.starts).toBeGreaterThan(10 * breakwater.starts);
    expect(template.upstreamQueries).toBeGreaterThan(breakwater.upstreamQueries);
    expect(asItWas.upstreamQueries).toBe(0);
  });

  it('does not happen in breakwater’s world', () => {
    const { breakwater } = result.worlds;
    expect(breakwater.starts).toBeLessThanOrEqual(40);
    expect(breakwater).toMatchObject({ failures: 0, deadLettered: 0, stuck: 0, outputWrites: 1 });
    expect(breakwater.successes).toBe(2);
    expect(breakwater.outputRows).toBe(inputs.games.length);
  });

  it('asks upstream no more often than twice a minute for a key', () => {
    expect(result.worlds.breakwater.mostQueriesInAMinute).toBeLessThanOrEqual(2);
  });

  it('has the output within a minute when the publisher tells, and within two when the sweeps find out', () => {
    const { secondsFromDataToOutput, secondsFromDataToOutputBySchedule } = result.worlds.breakwater;
    expect(secondsFromDataToOutput).toBeGreaterThan(0);
    expect(secondsFromDataToOutput).toBeLessThanOrEqual(60);
    expect(secondsFromDataToOutputBySchedule).toBeGreaterThan(0);
    expect(secondsFromDataToOutputBySchedule).toBeLessThanOrEqual(120);
  });

  it('costs the store little: at most ten writes a run, and nothing while idle but the sweeper’s look', () => {
    expect(result.storeOperations.writesForARunOfTenMinutes).toBeLessThanOrEqual(10);
    expect(result.storeOperations.writesInAnIdleHour).toBe(0);
    expect(result.storeOperations.readsInAnIdleHour).toBeLessThanOrEqual(120);
  });

  it(
    'loses nothing when every instance is killed at 17:00',
    async () => {
      const figures = await newWorld({ killedAtFive: true });
      expect(figures).toMatchObject({ failures: 0, deadLettered: 0, stuck: 0, outputRows: 8 });
      expect(figures.secondsFromDataToOutput).toBeLessThanOrEqual(60);
    },
    patience,
  );

  it.each<KillPoint>(['extract', 'commit', 'record'])(
    'makes the output once and whole when every instance is killed in mid-run: %s',
    async (killedIn) => {
      const figures = await newWorld({ killedIn });
      expect(figures).toMatchObject({ failures: 0, deadLettered: 0, stuck: 0, outputRows: 8 });
      expect(figures.recovered).toBe(killedIn === 'record' ? 0 : 1);
      expect(figures.successes).toBeGreaterThanOrEqual(2);
    },
    patience,
  );
});

describe('rank correlation', () => {
  it('is one for the same order, minus one for the opposite, and shares ranks of equal values', () => {
    expect(rankCorrelation([1, 2, 3], [10, 20, 99])).toBeCloseTo(1);
    expect(rankCorrelation([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1);
    expect(rankCorrelation([1, 1, 2], [1, 2, 3])).toBeCloseTo(0.866, 3);
  });
});
