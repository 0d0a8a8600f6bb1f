import { beforeEach, describe, expect, it } from 'vitest';
import { ServiceError } from '../errors/index.ts';
import type { TestContext } from '../testing/index.ts';
import { deeds, keys, madeUpContext, Offense, options, Summary } from '../../test/trigger/made-up.ts';
import { type JobOptions, runJob } from './run-job.ts';

describe('a job', () => {
  let context: TestContext;
  beforeEach(() => {
    context = madeUpContext();
  });
  const run = (given: Partial<JobOptions> = {}) =>
    context.clock.runUntil(
      runJob({ processors: [Summary, Offense], context, options: () => options, env: {}, ...given }),
    );

  it('runs all processors in the order in which they need each other, and exits with 0', async () => {
    const { results, waiting, exitCode } = await run();
    expect(results.map(({ processor, status }) => [processor, status])).toEqual([
      ['OffenseProcessor', 'succeeded'],
      ['SummaryProcessor', 'succeeded'],
    ]);
    expect([waiting, exitCode]).toEqual([[], 0]);
    expect(context.clock.pendingTimers).toBe(0);
  });

  it('leaves out processors that get no options', async () => {
    const { results } = await run({
      options: (name) => (name === 'OffenseProcessor' ? options : undefined),
    });
    expect(results.map(({ processor }) => processor)).toEqual(['OffenseProcessor']);
  });

  it('waits for what is not ready until it is', async () => {
    context.upstream.notReady(['6 of 8 games final'], keys.offense);
    context.clock.setTimer(20 * 60_000, () => context.upstream.ready());
    const { results, exitCode } = await run();
    expect(results.filter(({ status }) => status === 'succeeded')).toHaveLength(2);
    expect(exitCode).toBe(0);
  });

  it('exits with 0 when its time is over, and lists the rest', async () => {
    context.upstream.notReady(['6 of 8 games final'], keys.offense);
    const start = context.clock.now();
    const { waiting, exitCode } = await run({ waitAtMost: '10m' });
    expect(waiting).toEqual([
      { key: keys.offense, reason: 'upstream_not_ready', missing: ['6 of 8 games final'] },
    ]);
    expect(exitCode).toBe(0);
    expect(context.clock.now() - start).toBeLessThan(11 * 60_000);
  });

  it('tries again what failed in a way that may pass', async () => {
    let failures = 2;
    deeds.offense.extract = () => {
      if (failures-- > 0) throw new ServiceError('away', { service: 'x', kind: 'transient' });
    };
    const { results } = await run();
    expect(results.filter(({ processor }) => processor === 'OffenseProcessor').at(-1)).toMatchObject({
      status: 'succeeded',
    });
  });

  it('exits with 1 when what became of a run could not be recorded: the task is tried again', async () => {
    context.store.fail();
    await expect(run({ waitAtMost: 0 })).rejects.toThrow();
  });

  it('is shared out: each output is the business of exactly one task', async () => {
    const done: string[] = [];
    for (const index of [0, 1, 2]) {
      const env = { CLOUD_RUN_TASK_INDEX: `${index}`, CLOUD_RUN_TASK_COUNT: '3' };
      const { results } = await run({ env });
      done.push(...results.map(({ processor }) => processor));
    }
    expect(done.sort()).toEqual(['OffenseProcessor', 'SummaryProcessor']);
  });

  it.each([
    [{ CLOUD_RUN_TASK_INDEX: '3', CLOUD_RUN_TASK_COUNT: '3' }, 'CLOUD_RUN_TASK_INDEX'],
    [{ CLOUD_RUN_TASK_COUNT: 'many' }, 'CLOUD_RUN_TASK_COUNT'],
  ])('refuses %o', async (env, field) => {
    await expect(run({ env })).rejects.toThrow(field);
  });
});
