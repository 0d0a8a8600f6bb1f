import { beforeEach, describe, expect, it } from 'vitest';
import type { RunResult } from '../processor/index.ts';
import { gameDate } from '../upstream/index.ts';
import type { TestContext } from '../testing/index.ts';
import { sleep } from '../time/index.ts';
import { deeds, keys, madeUpContext, Offense, workOf } from '../../test/trigger/made-up.ts';
import { createDispatcher, type Dispatcher } from './dispatcher.ts';
import { type Scheduler, startScheduler } from './scheduler.ts';

describe('scheduler', () => {
  let context: TestContext;
  let dispatcher: Dispatcher;
  let heard: RunResult[];
  let scheduler: Scheduler;

  beforeEach(() => {
    context = madeUpContext({ wall: '2026-01-16T05:30:00Z' });
    heard = [];
    dispatcher = createDispatcher({
      processors: [Offense],
      context,
      on: (result) => heard.push(result),
    });
  });
  const yesterday = (due: number) => {
    const day = gameDate(due - 86_400_000);
    return { startDate: day, endDate: day };
  };
  const start = (cron = '0 1 * * *', processor = 'OffenseProcessor') => {
    scheduler = startScheduler({
      dispatcher,
      context,
      jobs: [{ processor, cron, options: yesterday }],
    });
  };
  const stop = () => context.clock.runUntil(scheduler.stop());

  it('starts a processor at its times in New York, with the options of the time', async () => {
    start();
    expect(scheduler.next()).toEqual([
      { processor: 'OffenseProcessor', at: Date.parse('2026-01-16T06:00:00Z') },
    ]);
    await context.clock.advance('29m');
    expect(heard).toEqual([]);
    await context.clock.advance('2m');
    expect(heard).toMatchObject([{ status: 'succeeded', date: '2026-01-15' }]);
    await context.clock.advance('1d');
    expect(heard.map(({ date }) => date)).toEqual(['2026-01-15', '2026-01-16']);
    await stop();
    expect(context.clock.pendingTimers).toBe(0);
  });

  it('sweeps once a minute', async () => {
    context.upstream.notReady(['nothing']);
    start();
    await context.clock.advance('31m');
    context.upstream.ready();
    await context.clock.advance('2m');
    expect(heard.map(({ reason }) => reason)).toEqual(['upstream_not_ready', 'done']);
    await stop();
  });

  it('makes up once for times that passed while the machine slept', async () => {
    start('*/10 * * * *');
    context.clock.stepWall('3h');
    await context.clock.advance('2m');
    expect(heard).toHaveLength(1);
    await stop();
  });

  it('starts nothing a second time when the wall clock is set back', async () => {
    start();
    await context.clock.advance('31m');
    context.clock.stepWall('-1h');
    await context.clock.advance('2h');
    expect(heard).toHaveLength(1);
    await stop();
  });

  it.each([
    ['whose 02:30 does not exist', '2026-03-07T12:00:00Z', '30 2 * * *', ['03-08T07:00', '03-09T06:30']],
    ['whose 01:30 comes twice', '2026-10-31T12:00:00Z', '30 1 * * *', ['11-01T05:30', '11-02T06:30']],
    ['of 23 hours', '2026-03-07T15:00:00Z', '0 9 * * *', ['03-08T13:00', '03-09T13:00']],
    ['of 25 hours', '2026-10-31T15:00:00Z', '0 9 * * *', ['11-01T14:00', '11-02T14:00']],
  ])('starts a job once on a day %s', async (_, wall, cron, expected) => {
    context = madeUpContext({ wall });
    dispatcher = createDispatcher({ processors: [Offense], context, on: (result) => heard.push(result) });
    start(cron);
    await context.clock.advance('48h');
    expect(heard.map(({ startedAt }) => startedAt.slice(5, 16))).toEqual(expected);
    await stop();
  });

  it('goes on sweeping beside a run that hangs', async () => {
    context.upstream.notReady(['nothing']);
    for (const day of ['2026-01-13', '2026-01-14']) {
      const range = { startDate: day, endDate: day };
      await context.clock.runUntil(dispatcher.dispatch('OffenseProcessor', range, { trigger: 'test' }));
    }
    context.upstream.ready('nba_analytics.offense/2026-01-13');
    deeds.offense.extract = (run) => (run.date === '2026-01-13' ? new Promise(() => {}) : undefined);
    start();
    await context.clock.advance('2m');
    context.upstream.ready();
    await context.clock.advance('3m');
    expect(heard.at(-1)).toMatchObject({ date: '2026-01-14', status: 'succeeded' });
    await stop();
    expect(heard.at(-1)).toMatchObject({ date: '2026-01-13', reason: 'shutdown' });
    expect(context.clock.pendingTimers).toBe(0);
  });

  it('does not start a job beside itself, and makes up for it once', async () => {
    let atOnce = 0;
    let most = 0;
    deeds.offense.extract = async () => {
      most = Math.max(most, ++atOnce);
      await sleep(context.clock, 5 * 60_000);
      atOnce--;
    };
    start('* * * * *');
    await context.clock.advance('20m');
    expect(most).toBe(1);
    expect(heard.every(({ reason }) => reason !== 'already_running')).toBe(true);
    await stop();
  });

  it('goes on after a run that could not be asked for', async () => {
    start('* * * * *', 'NoProcessor');
    await context.clock.advance('3m');
    expect(context.logger.lines.filter(({ level }) => level === 'error').length).toBeGreaterThanOrEqual(2);
    await stop();
  });

  it('stops what is at work, which is parked', async () => {
    deeds.offense.extract = (run) =>
      new Promise((_, reject) => {
        run.signal.addEventListener('abort', () => reject(run.signal.reason as Error));
      });
    start();
    await context.clock.advance('31m');
    await context.clock.runUntil(scheduler.stop());
    expect(await workOf(context, keys.offense)).toMatchObject({
      lease: null,
      parked: { reason: 'shutdown' },
    });
    expect(context.clock.pendingTimers).toBe(0);
  });

  it.each([
    ['61 * * * *', 'America/New_York'],
    ['0 9 * * *', 'Mars/Olympus'],
  ])('refuses %s in %s', (cron, timeZone) => {
    const jobs = [{ processor: 'OffenseProcessor', cron, options: yesterday }];
    expect(() => startScheduler({ dispatcher, context, jobs, timeZone })).toThrow(
      'scheduler.jobs.OffenseProcessor.cron',
    );
  });
});
