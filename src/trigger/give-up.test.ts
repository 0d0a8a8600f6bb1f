import { beforeEach, describe, expect, it } from 'vitest';
import { ServiceError } from '../errors/index.ts';
import type { RunResult } from '../processor/index.ts';
import { runRecords, type WorkRecord, workRecords } from '../store/index.ts';
import type { TestContext } from '../testing/index.ts';
import { createDispatcher, type Dispatcher } from './dispatcher.ts';
import { date, deeds, keys, madeUpContext, Offense, options, workOf } from '../../test/trigger/made-up.ts';

const hour = 3_600_000;
const transient = () => {
  throw new ServiceError('away', { service: 'x', kind: 'transient' });
};

describe('giving up by time', () => {
  let context: TestContext;
  let dispatcher: Dispatcher;
  let heard: RunResult[];

  beforeEach(async () => {
    context = madeUpContext();
    heard = [];
    dispatcher = createDispatcher({ processors: [Offense], context, on: (result) => heard.push(result) });
    context.upstream.notReady(['6 of 8 games final']);
    await dispatcher.dispatch('OffenseProcessor', options, { trigger: 'test' });
    heard.length = 0;
  });
  const outcomes = () => heard.map(({ status, reason }) => `${status} ${reason}`);
  const update = () => context.clock.runUntil(dispatcher.tableUpdated('nba_raw.boxscore', [date]));
  const sweep = () => context.clock.runUntil(dispatcher.sweep());
  const sweepFor = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute++) {
      await context.clock.advance('1m');
      await sweep();
    }
  };
  const put = async (change: Partial<WorkRecord>) => {
    const work = context.store.collection(workRecords);
    const { entry, time } = await work.get(keys.offense);
    const record = { ...(await workOf(context, keys.offense)), ...change };
    await work.put(keys.offense, record, {
      ifVersion: entry?.version,
      due: time,
      expires: time + 100 * hour,
    });
  };
  const duringTheNextLook = (befalls: () => Promise<void>) => {
    const { upstream } = context;
    const ask = upstream.ask.bind(upstream);
    upstream.ask = async (...asked) => {
      upstream.ask = ask;
      await befalls();
      return ask(...asked);
    };
  };

  it('comes after one more look, and tells what that found', async () => {
    await context.clock.advance('37h');
    context.upstream.notReady(['7 of 8 games final']);
    expect(await sweep()).toMatchObject({ gaveUp: [keys.offense], waiting: [] });
    const { entry } = await context.store.collection(runRecords).get(heard.at(-1)?.runId ?? '');
    expect(entry).toMatchObject({ value: { reason: 'gave_up', missing: ['7 of 8 games final'] } });
  });

  it('is not for what is ready at that look, though nobody has told of its data', async () => {
    await context.clock.advance('37h');
    context.upstream.ready();
    expect(await sweep()).toMatchObject({ gaveUp: [], results: [{ status: 'succeeded' }] });
  });

  it('is not for what is ready at that look and can not be claimed: it is looked at again', async () => {
    await context.clock.advance('37h');
    context.upstream.ready();
    duringTheNextLook(async () => context.store.fail());
    await sweep().catch(() => {});
    context.store.recover();
    await context.clock.advance('1m');
    expect(await sweep()).toMatchObject({ gaveUp: [], results: [{ status: 'succeeded' }] });
  });

  it('is not for what gets new rows during that look', async () => {
    await context.clock.advance('37h');
    duringTheNextLook(async () => {
      const { parked } = await workOf(context, keys.offense);
      await put({ parked: { ...parked!, updated: true } });
    });
    expect((await sweep()).gaveUp).toEqual([]);
    expect((await workOf(context, keys.offense)).parked).toMatchObject({ updated: true });
  });

  it('is also for what nobody can look at: its options make no checks', async () => {
    await put({ options: { startDate: 'no day' } });
    await context.clock.advance('35h');
    expect((await sweep()).gaveUp).toEqual([]);
    await context.clock.advance('1h');
    expect((await sweep()).gaveUp).toEqual([keys.offense]);
  });

  it('is not for what has begun to fail: that has its attempts, though its data came at the last minute', async () => {
    await context.clock.advance(36 * hour - 30_000);
    context.upstream.ready();
    let failures = 3;
    deeds.offense.extract = () => {
      if (failures-- > 0) transient();
    };
    const report = await update();
    expect(report.results).toMatchObject([{ status: 'failed', attempt: 1 }]);
    await sweepFor(10);
    expect(outcomes()).toEqual([...Array(3).fill('failed extract_failed'), 'succeeded done']);
  });

  it('comes at once for what failed after its time, and then lacks its data', async () => {
    await context.clock.advance(36 * hour - 30_000);
    context.upstream.ready();
    deeds.offense.extract = transient;
    await update();
    context.upstream.notReady(['6 of 8 games final']);
    await sweepFor(4);
    expect(outcomes()).toEqual(['failed extract_failed', 'skipped upstream_not_ready', 'failed gave_up']);
  });

  it('is put off for what failed, when new rows come after its time; its pause is kept', async () => {
    await context.clock.advance(36 * hour - 30_000);
    context.upstream.ready();
    deeds.offense.extract = transient;
    await update();
    const before = (await workOf(context, keys.offense)).parked;
    await context.clock.advance('31s');
    expect(await update()).toMatchObject({ results: [], gaveUp: [] });
    const giveUpAt = context.clock.wallNow() + 7 * 24 * hour;
    expect((await workOf(context, keys.offense)).parked).toEqual({ ...before, giveUpAt });
  });
});
