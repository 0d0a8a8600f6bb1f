import { describe, expect, it } from 'vitest';
import { recordOf } from '../../test/runs/look.ts';
import { Chore, day } from '../../test/runs/summary.ts';
import { sleep } from '../time/index.ts';
import { createTestContext } from '../testing/index.ts';
import { succeeded } from './outcomes.ts';
import type { Run } from './run.ts';

type Work = (run: Run<{ readonly day: string }>) => Promise<unknown>;

/** Runs the work, and gives what came of it. */
async function during(work: Work, context = createTestContext()) {
  const chore = new Chore(context, async (run) => {
    await work(run);
    return succeeded(run);
  });
  const [result] = await context.clock.runUntil(chore.run({ day }));
  return { context, result };
}

describe('a run, as its work sees it', () => {
  it('tells who it is, what it is to do, and by when', async () => {
    const { result } = await during(async (run) => {
      expect(run).toMatchObject({
        id: expect.stringMatching(/^[a-z0-9]{9}-[a-z0-9]{8}$/),
        key: 'nba_ops.chore/2026-01-15',
        processor: 'Chore',
        date: day,
        options: { day },
        attempt: 1,
        deadline: 690_000,
        dependencies: [],
      });
      await sleep(run.clock, 90_000);
      expect(run.remaining()).toBe(600_000);
      expect(run.signal.aborted).toBe(false);
    });
    expect(result.status).toBe('succeeded');
  });

  it('has its id, key and processor on each line that it logs', async () => {
    const { context, result } = await during(async (run) => run.logger.info('hello', { games: 8 }));
    expect(context.logger.lines).toEqual([
      {
        level: 'info',
        message: 'hello',
        fields: { processor: 'Chore', key: 'nba_ops.chore/2026-01-15', runId: result.runId, games: 8 },
      },
    ]);
  });

  it('takes chance and time from the context', async () => {
    const context = createTestContext();
    await during(async (run) => {
      expect(run.clock).toBe(context.clock);
      expect(run.random).toBe(context.random);
    }, context);
  });

  it('is the same run for the same seed, and another one for another', async () => {
    const idOf = async (seed: number) =>
      (await during(async () => {}, createTestContext({ seed }))).result.runId;
    expect(await idOf(7)).toBe(await idOf(7));
    expect(await idOf(8)).not.toBe(await idOf(7));
  });

  it('has ids that sort by time', async () => {
    const context = createTestContext();
    const ids: string[] = [];
    for (let run = 0; run < 20; run++) {
      ids.push((await during(async () => {}, context)).result.runId);
      await context.clock.advance('1.5s');
    }
    expect(ids).toEqual([...ids].sort());
  });

  describe('step', () => {
    it('gives what its work gives, and is timed, also when it throws, overlaps or nests', async () => {
      const { context, result } = await during(async (run) => {
        expect(await run.step('one', () => 1)).toBe(1);
        await Promise.all([
          run.step('slow', (signal) => sleep(run.clock, 3_000, signal)),
          run.step('quick', () => sleep(run.clock, 1_000)),
          run.step('outer', () => run.step('inner', () => sleep(run.clock, 2_000))),
        ]);
        const broken = run.step('broken', () => Promise.reject(new Error('broken')));
        await expect(broken).rejects.toThrow('broken');
      });
      const steps = [
        { name: 'one', durationMs: 0, outcome: 'done' },
        { name: 'quick', durationMs: 1_000, outcome: 'done' },
        { name: 'inner', durationMs: 2_000, outcome: 'done' },
        { name: 'outer', durationMs: 2_000, outcome: 'done' },
        { name: 'slow', durationMs: 3_000, outcome: 'done' },
        { name: 'broken', durationMs: 0, outcome: 'failed' },
      ];
      expect(result.steps).toEqual(steps);
      expect((await recordOf(context, result)).steps).toEqual(steps);
    });

    it('hands its work the run’s signal', async () => {
      await during((run) => run.step('look', (signal) => expect(signal).toBe(run.signal)));
    });

    it('is listed two hundred times at most, so that the record stays within its bounds', async () => {
      const { context, result } = await during(async (run) => {
        for (let game = 0; game < 5_000; game++) await run.step('x'.repeat(1_000), () => game);
      });
      expect(result).toMatchObject({ status: 'succeeded', recorded: true });
      expect(result.steps).toHaveLength(200);
      expect((await recordOf(context, result)).steps).toEqual(result.steps);
      expect(result.steps[0]?.name).toHaveLength(200);
    });
  });

  it('may tell its progress though nobody listens', async () => {
    const { result } = await during(async (run) => run.progress(1, 2, 'half'));
    expect(result.status).toBe('succeeded');
  });
});
