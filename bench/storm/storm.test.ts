import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { inputs, recorded } from './assumptions.ts';
import { rankCorrelation, type WorldFigures } from './figures.ts';
import { type KillPoint, type NewWorldOptions, newWorld } from './new-world.ts';
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
    expect(breakwater).toMatchObject({ failures: 0, deadLettered: 0, stuck: 0, refusedWrites: 0 });
    expect(breakwater.outputWrites).toMatchObject([{ rows: inputs.games.length }]);
    expect(breakwater.successes).toBe(2);
    expect(breakwater.outputRows).toBe(inputs.games.length);
  });

  it('asks upstream once a minute for a key, and once more when somebody tells, but never more than twice', () => {
    const { mostQueriesInAMinute, upstreamQueries, upstreamQueryLimit } = result.worlds.breakwater;
    expect(mostQueriesInAMinute).toBeLessThanOrEqual(2);
    expect(upstreamQueries).toBeLessThanOrEqual(upstreamQueryLimit);
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
    expect(result.storeOperations.readsInAnIdleHour).toBeLessThanOrEqual(60);
  });

  describe('when every instance is killed', () => {
    const unharmed = {
      failures: 0,
      deadLettered: 0,
      stuck: 0,
      successes: 2,
      outputRows: inputs.games.length,
    };
    const killed = async (options: NewWorldOptions) => {
      const figures = await newWorld(options);
      expect(figures).toMatchObject(unharmed);
      expect(figures.mostQueriesInAMinute).toBeLessThanOrEqual(2);
      // Outputs once: with the newest fence, one write of the one version of the data; and never an older one after it.
      const fences = figures.outputWrites.map(({ fence }) => fence);
      expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
      expect(figures.outputWrites.every(({ rows }) => rows === inputs.games.length)).toBe(true);
      const { outputWrites, refusedWrites, recovered, secondsFromDataToOutput } = figures;
      return { writes: outputWrites.length, refusedWrites, recovered, seconds: secondsFromDataToOutput };
    };

    it('at 17:00: nothing is lost', { timeout: patience }, async () => {
      const { seconds, ...rest } = await killed({ killedAtFive: true });
      expect(rest).toEqual({ writes: 1, refusedWrites: 0, recovered: 0 });
      expect(seconds).toBeLessThanOrEqual(60);
    });

    const claim = 11.5 * 60;
    it.each<[KillPoint, object, number]>([
      // The claim of the dead must end before anybody may do its work.
      ['extract', { writes: 1, refusedWrites: 0, recovered: 1 }, claim + 120],
      ['commit', { writes: 2, refusedWrites: 0, recovered: 1 }, 60],
      ['late commit', { writes: 1, refusedWrites: 1, recovered: 1 }, claim + 120],
      ['between commit and record', { writes: 2, refusedWrites: 0, recovered: 1 }, 60],
      // Its record says that it has succeeded: nothing is done again.
      ['between record and release', { writes: 1, refusedWrites: 0, recovered: 0 }, 60],
    ])('in mid-run: %s', { timeout: patience }, async (killedIn, expected, within) => {
      const { seconds, ...rest } = await killed({ killedIn });
      expect(rest).toEqual(expected);
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(within);
    });
  });
});

describe('the command', () => {
  it('prints one object, with the same figures of each world, and writes the chart', {
    timeout: patience,
  }, async () => {
    const dir = await mkdtemp(join(tmpdir(), 'breakwater-storm-'));
    const svg = join(dir, 'storm.svg');
    const script = fileURLToPath(new URL('./main.ts', import.meta.url));
    const flags = ['--conditions=breakwater-source', '--disable-warning=ExperimentalWarning'];
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...flags,
      script,
      '--json',
      '--svg',
      svg,
    ]);
    const { worlds } = JSON.parse(stdout);
    expect(Object.keys(worlds)).toEqual(['asItWas', 'template', 'breakwater']);
    for (const world of Object.values<WorldFigures>(worlds)) {
      const { startsByHour, ...numbers } = world;
      expect(startsByHour).toHaveLength(21);
      expect(startsByHour.reduce((sum, count) => sum + count, 0)).toBe(world.starts);
      expect(numbers).toMatchObject({
        starts: expect.any(Number),
        failures: expect.any(Number),
        stuck: expect.any(Number),
        deadLettered: expect.any(Number),
        upstreamQueries: expect.any(Number),
        successes: expect.any(Number),
        secondsFromDataToOutput: expect.any(Number),
      });
    }
    const chart = await readFile(svg, 'utf8');
    expect(chart).toContain(`as recorded: ${recorded.starts.toLocaleString('en')}`);
    expect(chart).toContain(`breakwater: ${worlds.breakwater.starts}<`);
    await rm(dir, { recursive: true });
  });
});

describe('rank correlation', () => {
  it('is one for the same order, minus one for the opposite, and shares ranks of equal values', () => {
    expect(rankCorrelation([1, 2, 3], [10, 20, 99])).toBeCloseTo(1);
    expect(rankCorrelation([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1);
    expect(rankCorrelation([1, 1, 2], [1, 2, 3])).toBeCloseTo(0.866, 3);
  });
});
