import { beforeEach, describe, expect, it } from 'vitest';
import { InvalidDataError, ServiceError } from '../errors/index.ts';
import type { TestContext } from '../testing/index.ts';
import { deeds, keys, madeUpContext, Offense, options, Summary } from '../../test/trigger/made-up.ts';
import { createOperations } from './operations.ts';
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
    expect(await run({ waitAtMost: '2m' })).toMatchObject({
      exitCode: 1,
      waiting: [
        { key: keys.offense, reason: 'unknown' },
        { key: keys.summary, reason: 'unknown' },
      ],
    });
    context.store.recover();
    expect(await run()).toMatchObject({ exitCode: 0, waiting: [] });
  });

  it('exits with 1 when nobody can tell what is left', async () => {
    const on: JobOptions['on'] = ({ processor }) => {
      if (processor === 'SummaryProcessor') context.store.fail();
    };
    const { results, exitCode } = await run({ waitAtMost: 0, on });
    expect(results.every(({ recorded }) => recorded)).toBe(true);
    expect(exitCode).toBe(1);
  });

  it('does not wait for what failed for good, and exits with 0', async () => {
    deeds.offense.extract = () => {
      throw new InvalidDataError('a column is gone');
    };
    const start = context.clock.now();
    const { results, waiting, exitCode } = await run();
    expect(results[0]).toMatchObject({ status: 'failed', reason: 'extract_failed' });
    expect([waiting, exitCode]).toEqual([[], 0]);
    expect(context.clock.now() - start).toBeLessThan(60_000);
  });

  it('lists what a paused processor keeps waiting, and does not wait for it', async () => {
    await createOperations(context).pause('SummaryProcessor', 'a bad release');
    const start = context.clock.now();
    const { waiting, exitCode } = await run();
    expect(waiting).toEqual([{ key: keys.summary, reason: 'disabled', missing: [] }]);
    expect(exitCode).toBe(0);
    expect(context.clock.now() - start).toBeLessThan(60_000);
  });

  it('goes on with the others beside a run that hangs', async () => {
    const range = { startDate: '2026-01-13', endDate: '2026-01-15' };
    const [hung, late, early] = ['2026-01-13', '2026-01-14', '2026-01-15'];
    const keyOf = (day: string | undefined) => `nba_analytics.offense/${day}`;
    context.upstream.notReady(['nothing']);
    context.upstream.ready(keyOf(early));
    deeds.offense.extract = ({ date }) => (date === hung ? new Promise(() => {}) : undefined);
    context.clock.setTimer(90_000, () => context.upstream.ready(keyOf(hung)));
    context.clock.setTimer(3 * 60_000, () => context.upstream.ready(keyOf(late)));
    const ends: [string, number][] = [];
    const start = context.clock.now();
    await run({
      processors: [Offense],
      options: () => range,
      waitAtMost: '9m',
      on: ({ date, status }) => {
        if (status !== 'skipped') ends.push([`${date} ${status}`, context.clock.now() - start]);
      },
    });
    expect(ends.map(([end]) => end)).toEqual([
      `${early} succeeded`,
      `${late} succeeded`,
      `${hung} timed_out`,
    ]);
    expect(ends[1]?.[1]).toBeLessThan(5 * 60_000);
    expect(context.clock.pendingTimers).toBe(0);
  });

  it('ends when it is told to, and leaves nothing behind', async () => {
    context.upstream.notReady(['nothing']);
    const controller = new AbortController();
    context.clock.setTimer(90_000, () => controller.abort());
    const start = context.clock.now();
    const { waiting, exitCode } = await run({ signal: controller.signal });
    expect(waiting.map(({ key }) => key)).toEqual([keys.offense, keys.summary]);
    expect(exitCode).toBe(0);
    expect(context.clock.now() - start).toBe(90_000);
    expect(context.clock.pendingTimers).toBe(0);
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
