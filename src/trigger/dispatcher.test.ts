import { beforeEach, describe, expect, it } from 'vitest';
import { InvalidDataError, ServiceError } from '../errors/index.ts';
import { RunCancelledError, type RunResult } from '../processor/index.ts';
import { runRecords } from '../store/index.ts';
import type { TestContext } from '../testing/index.ts';
import { createDispatcher, type Dispatcher } from './dispatcher.ts';
import { deeds, keys, madeUpContext, Offense, options, Summary, workOf } from '../../test/trigger/made-up.ts';

const how = { trigger: 'test' } as const;

describe('dispatcher', () => {
  let context: TestContext;
  let dispatcher: Dispatcher;
  let heard: RunResult[];

  beforeEach(() => {
    context = madeUpContext();
    heard = [];
    dispatcher = createDispatcher({
      processors: [Offense, Summary],
      context,
      on: (result) => heard.push(result),
    });
  });
  const dispatch = (name = 'OffenseProcessor', given: object = how) =>
    context.clock.runUntil(dispatcher.dispatch(name, options, given as typeof how));

  it('runs what is ready, tells of it, and leaves nothing to be done', async () => {
    expect(await dispatch()).toMatchObject([{ status: 'succeeded' }]);
    expect(heard).toMatchObject([{ processor: 'OffenseProcessor', status: 'succeeded' }]);
    expect(await workOf(context, keys.offense)).toMatchObject({ lease: null, parked: null, gaveUp: null });
    expect(context.upstream.updates).toEqual([{ table: 'nba_analytics.offense', dates: ['2026-01-15'] }]);
    expect(context.clock.pendingTimers).toBe(0);
  });

  it('records what asked for the run', async () => {
    const [result] = await dispatch();
    const { entry } = await context.store.collection(runRecords).get(result.runId);
    expect(entry).toMatchObject({ readable: true, value: { trigger: 'test', status: 'succeeded' } });
  });

  it('parks what is not ready: nothing was extracted', async () => {
    context.upstream.notReady(['6 of 8 games final']);
    deeds.offense.extract = () => expect.unreachable('extraction without data');
    expect(await dispatch()).toMatchObject([{ status: 'skipped', reason: 'upstream_not_ready' }]);
    const { parked } = await workOf(context, keys.offense);
    expect(parked).toMatchObject({
      reason: 'upstream_not_ready',
      missing: ['6 of 8 games final'],
      wake: 'upstream',
    });
  });

  it('merges triggers into what is parked: nothing is claimed, asked or started, unless nobody sweeps', async () => {
    context.upstream.notReady(['6 of 8 games final']);
    const [first] = await dispatch();
    const before = await workOf(context, keys.offense);
    context.store.calls.length = 0;
    for (let trigger = 0; trigger < 100; trigger++) {
      expect(await dispatch()).toMatchObject([
        { reason: 'upstream_not_ready', missing: ['6 of 8 games final'] },
      ]);
    }
    expect(await workOf(context, keys.offense)).toEqual(before);
    expect(context.upstream.asked).toHaveLength(1);
    expect(context.store.calls.some(({ operation }) => operation === 'put')).toBe(false);
    await context.clock.advance('2m');
    expect((await dispatch())[0].runId).not.toBe(first.runId);
    expect(context.upstream.asked).toHaveLength(2);
  });

  it('runs at once what waits, when it is forced or asked for with other options', async () => {
    context.upstream.notReady(['6 of 8 games final']);
    await dispatch();
    await dispatch('OffenseProcessor', { ...how, force: true });
    expect(context.upstream.asked).toHaveLength(2);
  });

  it('parks a failure that may pass, and starts it again when its pause is over', async () => {
    let failures = 2;
    deeds.offense.extract = () => {
      if (failures-- > 0) throw new ServiceError('away', { service: 'bigquery', kind: 'transient' });
    };
    expect(await dispatch()).toMatchObject([{ status: 'failed', attempt: 1 }]);
    for (let minute = 0; minute < 10; minute++) {
      await context.clock.advance('1m');
      await context.clock.runUntil(dispatcher.sweep());
    }
    expect(heard.map(({ status, attempt }) => [status, attempt])).toEqual([
      ['failed', 1],
      ['failed', 2],
      ['succeeded', 3],
    ]);
    expect(await workOf(context, keys.offense)).toMatchObject({ parked: null });
  });

  it('records what will not pass, and does not try again', async () => {
    deeds.offense.extract = () => {
      throw new InvalidDataError('a column is gone');
    };
    await dispatch();
    expect(await workOf(context, keys.offense)).toMatchObject({
      parked: null,
      gaveUp: { reason: 'extract_failed' },
    });
    await context.clock.advance('1d');
    await context.clock.runUntil(dispatcher.sweep());
    expect(heard).toHaveLength(1);
  });

  it('parks a run that was stopped by a shutdown, to be started at once', async () => {
    const controller = new AbortController();
    deeds.offense.extract = () => controller.abort(new RunCancelledError('shutdown', 'SIGTERM'));
    expect(await dispatch('OffenseProcessor', { ...how, signal: controller.signal })).toMatchObject([
      { status: 'cancelled', reason: 'shutdown' },
    ]);
    expect(await workOf(context, keys.offense)).toMatchObject({
      parked: { wake: 'time', reason: 'shutdown' },
    });
    deeds.offense.extract = undefined;
    expect((await context.clock.runUntil(dispatcher.sweep())).results).toMatchObject([
      { status: 'succeeded' },
    ]);
  });

  it('refuses an unknown processor by name, and wrong options by field, before anything is claimed', async () => {
    await expect(dispatcher.dispatch('NoProcessor', options, how)).rejects.toThrow(
      'processor must be one of OffenseProcessor, SummaryProcessor, received "NoProcessor"',
    );
    await expect(
      dispatcher.dispatch('OffenseProcessor', { ...options, endDate: '2026-02-30' }, how),
    ).rejects.toThrow('OffenseProcessor.options.endDate');
    expect(context.store.calls.some(({ operation }) => operation === 'put')).toBe(false);
  });

  it('refuses two processors of one name', () => {
    expect(() => createDispatcher({ processors: [Offense, Offense], context })).toThrow('OffenseProcessor');
  });

  it('claims nothing while nobody can tell whether the processor is paused', async () => {
    const { store } = context;
    const call = store.collection.bind(store);
    store.collection = (definition) =>
      definition.name === 'controls'
        ? { ...call(definition), get: () => Promise.reject(new Error('no answer')) }
        : call(definition);
    expect(await dispatch()).toMatchObject([{ status: 'failed', reason: 'store_unavailable' }]);
    expect(store.calls).toEqual([]);
  });

  it('claims nothing while the store is away, and says so', async () => {
    context.store.fail();
    expect(await dispatch()).toMatchObject([{ status: 'failed', reason: 'store_unavailable' }]);
  });
});
