import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { InvalidDataError, ServiceError } from '../errors/index.ts';
import type { Run, RunResult } from '../processor/index.ts';
import { type Store, workRecords } from '../store/index.ts';
import type { TestContext } from '../testing/index.ts';
import { sleep } from '../time/index.ts';
import { createDispatcher, type Dispatcher, type DispatcherOptions } from './dispatcher.ts';
import { createOperations } from './operations.ts';
import {
  date,
  deeds,
  keys,
  madeUpContext,
  Offense,
  options,
  Summary,
  workOf,
} from '../../test/trigger/made-up.ts';

const how = { trigger: 'test' } as const;
const table = 'nba_raw.boxscore';
const nothingLeft = { lease: null, parked: null, gaveUp: null };

const transient = () => {
  throw new ServiceError('away', { service: 'x', kind: 'transient' });
};
const permanent = () => {
  throw new InvalidDataError('a column is gone');
};
/** Work of so many milliseconds, which ends before it hears of anybody. */
const lasting =
  (milliseconds: number, end: () => void = () => {}) =>
  async ({ clock }: Pick<Run<unknown>, 'clock'>) => {
    await sleep(clock, milliseconds);
    end();
  };

describe('cancel', () => {
  let context: TestContext;
  let dispatcher: Dispatcher;
  /** Of what has run. */
  let heard: RunResult[];

  const begin = (given: Partial<DispatcherOptions> = {}) => {
    context = madeUpContext();
    heard = [];
    const on = (result: RunResult) => heard.push(result);
    dispatcher = createDispatcher({ processors: [Summary, Offense], context, on, ...given });
  };
  beforeEach(() => begin());
  const dispatch = (name = 'OffenseProcessor') => dispatcher.dispatch(name, options, how);
  const cancel = (key = keys.offense) => createOperations(context).cancel(key);
  const sweepFor = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute++) {
      await context.clock.advance('1m');
      await context.clock.runUntil(dispatcher.sweep());
    }
  };
  /** Whoever sweeps and whatever is published: nobody runs. */
  const expectNothingToStart = async (key = keys.offense) => {
    expect(await workOf(context, key)).toMatchObject(nothingLeft);
    const before = heard.length;
    deeds.offense.extract = undefined;
    context.upstream.ready();
    await context.clock.runUntil(dispatcher.tableUpdated(table, [date]));
    await sweepFor(5);
    expect(heard.slice(before)).toEqual([]);
  };

  it.each([
    ['fails in a way that may pass', transient, 'failed'],
    ['fails for good', permanent, 'failed'],
    ['succeeds', () => {}, 'succeeded'],
  ])('holds for a run at work that %s before it has heard of it', async (_, end, status) => {
    deeds.offense.extract = lasting(5_000, end);
    const running = dispatch();
    await context.clock.advance('1s');
    expect(await cancel()).toBe('running');
    expect(await context.clock.runUntil(running)).toMatchObject([{ status, durationMs: 5_000 }]);
    await expectNothingToStart();
  });

  it('holds for what waited while a run of its own caller took its turn', async () => {
    context.upstream.notReady(['6 of 8 games final']);
    await context.clock.runUntil(dispatch());
    context.upstream.ready();
    deeds.offense.extract = lasting(5_000, transient);
    const running = new Offense(context).run(options);
    await context.clock.advance('1s');
    expect(await cancel()).toBe('running');
    expect(await context.clock.runUntil(running)).toMatchObject([{ status: 'failed' }]);
    await expectNothingToStart();
  });

  it('holds for what was asked for before it, and for nothing that is asked for after it', async () => {
    deeds.offense.extract = lasting(5_000);
    const running = dispatch();
    await context.clock.advance('1s');
    expect(await dispatch()).toMatchObject([{ reason: 'already_running' }]);
    expect(await cancel()).toBe('running');
    expect((await workOf(context, keys.offense)).lease).toMatchObject({ again: false, cancel: true });
    await context.clock.runUntil(dispatcher.tableUpdated(table, [date]));
    expect((await workOf(context, keys.offense)).lease).toMatchObject({ again: false, cancel: true });
    expect(await dispatch()).toMatchObject([{ reason: 'already_running' }]);
    await context.clock.runUntil(running);
    expect(await workOf(context, keys.offense)).toMatchObject({ parked: { reason: 'again', attempts: 0 } });
    expect(await cancel()).toBe('parked');
    await expectNothingToStart();
  });

  it('drops once more what was asked for since, when it is given again', async () => {
    deeds.offense.extract = lasting(5_000);
    const running = dispatch();
    await context.clock.advance('1s');
    await cancel();
    await dispatch();
    expect(await cancel()).toBe('running');
    await context.clock.runUntil(running);
    await expectNothingToStart();
  });

  describe('of what a sweep has found ready, and which waits for a place', () => {
    let started: string[];
    let sweep: Promise<unknown>;
    beforeEach(async () => {
      begin({ concurrency: 1 });
      context.upstream.notReady(['6 of 8 games final']);
      await context.clock.runUntil(Promise.all([dispatch(), dispatch('SummaryProcessor')]));
      context.upstream.ready();
      started = [];
      const work = async (run: Run<unknown>) => {
        started.push(run.key);
        await sleep(run.clock, 300_000);
      };
      deeds.offense.extract = work;
      deeds.summary.extract = work;
      await context.clock.advance('1m');
      sweep = dispatcher.sweep();
      await context.clock.advance('1m');
    });
    const expectOneStart = async () => {
      await context.clock.runUntil(sweep);
      await sweepFor(5);
      expect(started).toEqual([keys.offense]);
      expect(await workOf(context, keys.summary)).toMatchObject(nothingLeft);
    };

    it('holds', async () => {
      expect(await cancel(keys.summary)).toBe('parked');
      await expectOneStart();
      expect(heard.at(-1)).toMatchObject({ key: keys.summary, status: 'skipped', reason: 'already_done' });
    });

    it('holds though another process has begun it meanwhile and died', async () => {
      const work = context.store.collection(workRecords);
      const { entry, time } = await work.get(keys.summary);
      const record = await workOf(context, keys.summary);
      const until = time + 60_000;
      const lease = { runId: 'dead', holder: 'elsewhere', until, again: false, cancel: false };
      await work.put(
        keys.summary,
        { ...record, lease: { ...lease, startedAt: `${date}T06:00:00Z`, attempt: 1 } },
        { ifVersion: entry?.version, due: until, expires: until + 1e9 },
      );
      expect(await cancel(keys.summary)).toBe('running');
      await expectOneStart();
    });
  });

  it('finds what is parked just when it looks', async () => {
    deeds.offense.extract = lasting(5_000, transient);
    const running = dispatch();
    await context.clock.advance('1s');
    // The run ends and is parked between the look and the write.
    const store: Store = {
      collection: (definition) => {
        const records = context.store.collection(definition);
        return {
          ...records,
          list: (query) => records.list(query),
          delete: (key, call) => records.delete(key, call),
          put: (key, value, call) => records.put(key, value, call),
          async get(key, call) {
            const found = await records.get(key, call);
            await context.clock.runUntil(running);
            return found;
          },
        };
      },
    };
    expect(await createOperations({ ...context, store }).cancel(keys.offense)).toBe('parked');
    await expectNothingToStart();
  });

  it('leaves nothing to be revived of what was given up once and asked for anew', async () => {
    deeds.offense.extract = permanent;
    await context.clock.runUntil(dispatch());
    expect(await workOf(context, keys.offense)).toMatchObject({ gaveUp: { reason: 'extract_failed' } });
    deeds.offense.extract = lasting(5_000, transient);
    const running = dispatch();
    await context.clock.advance('1s');
    expect(await cancel()).toBe('running');
    await context.clock.runUntil(running);
    await expectNothingToStart();
  });

  it('holds whatever was asked for before it, and however that went', async () => {
    const step = fc.oneof(
      fc.record({ does: fc.constant('dispatch' as const), lasts: fc.nat(40_000), ends: fc.nat(2) }),
      fc.record({ does: fc.constantFrom('sweep', 'update', 'start', 'extend', 'ready', 'not ready') }),
      fc.record({ does: fc.constant('wait' as const), by: fc.nat(90_000) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        begin();
        const { clock, upstream } = context;
        const operations = createOperations(context);
        const begun: Promise<unknown>[] = [];
        let works = 0;
        for (const step of steps) {
          if ('lasts' in step) {
            const work = lasting(step.lasts, [() => {}, transient, permanent][step.ends]);
            deeds.offense.extract = (run) => {
              works += 1;
              return work(run);
            };
            begun.push(dispatch());
          } else if ('by' in step) await clock.advance(step.by);
          else if (step.does === 'sweep') begun.push(dispatcher.sweep());
          else if (step.does === 'update') begun.push(dispatcher.tableUpdated(table, [date]));
          else if (step.does === 'start') await operations.start(keys.offense);
          else if (step.does === 'extend') await operations.extend(keys.offense, '1h');
          else if (step.does === 'ready') upstream.ready();
          else upstream.notReady(['6 of 8 games final']);
        }
        // What has been asked for has reached the store.
        await clock.advance(0);
        const found = await operations.cancel(keys.offense);
        const before = works;
        await clock.runUntil(Promise.all(begun));
        await sweepFor(5);
        if (found !== 'nothing') expect(await workOf(context, keys.offense)).toMatchObject(nothingLeft);
        expect(works).toBe(before);
      }),
    );
  });
});
