import { beforeEach, describe, expect, it } from 'vitest';
import { ServiceError } from '../errors/index.ts';
import { processorCircuit, type RunResult } from '../processor/index.ts';
import { controlRecords, runRecords, type WorkRecord, workRecords } from '../store/index.ts';
import type { TestContext } from '../testing/index.ts';
import { sleep } from '../time/index.ts';
import { createDispatcher, type Dispatcher } from './dispatcher.ts';
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
const minute = 60_000;
const hour = 60 * minute;

describe('sweeper', () => {
  let context: TestContext;
  let dispatcher: Dispatcher;
  let heard: RunResult[];

  beforeEach(() => {
    context = madeUpContext();
    heard = [];
    dispatcher = createDispatcher({
      processors: [Summary, Offense],
      context,
      on: (result) => heard.push(result),
    });
  });
  const dispatch = (name = 'OffenseProcessor') =>
    context.clock.runUntil(dispatcher.dispatch(name, options, how));
  const sweep = () => context.clock.runUntil(dispatcher.sweep());
  /** A sweep a minute, as a schedule would have it. */
  const sweepFor = async (minutes: number) => {
    const started = context.clock.now();
    for (let tick = 1; tick <= minutes; tick++) {
      await context.clock.advance(Math.max(0, started + tick * minute - context.clock.now()));
      await sweep();
    }
  };
  const put = async (key: string, change: Partial<WorkRecord>) => {
    const work = context.store.collection(workRecords);
    const { entry, time } = await work.get(key);
    const record = { ...(await workOf(context, key)), ...change };
    const due = Math.min(record.lease?.until ?? Infinity, record.parked?.nextLook ?? Infinity);
    await work.put(key, record, { ifVersion: entry?.version, due, expires: time + 100 * hour });
  };
  const parkedNotReady = async () => {
    context.upstream.notReady(['6 of 8 games final']);
    await dispatch();
  };
  const outcomes = () => heard.map(({ status, reason }) => `${status} ${reason}`);

  describe('waking', () => {
    it('finds nothing to do where nothing is parked, with one read and no write', async () => {
      context.store.calls.length = 0;
      expect(await sweep()).toEqual({
        results: [],
        recovered: [],
        gaveUp: [],
        waiting: [],
        unreadable: [],
      });
      expect(context.store.calls.map(({ operation }) => operation)).toEqual(['list']);
    });

    it('starts a run within a minute or so of its data being there, and not before', async () => {
      await parkedNotReady();
      await sweepFor(30);
      expect(heard).toHaveLength(1);
      context.upstream.ready();
      const there = context.clock.now();
      await sweepFor(2);
      expect(outcomes()).toEqual(['skipped upstream_not_ready', 'succeeded done']);
      expect(context.clock.now() - there).toBeLessThanOrEqual(2 * minute + 1_000);
    });

    it('asks once a minute, also when sweeps come more often and from several processes', async () => {
      await parkedNotReady();
      const others = [1, 2, 3].map(() => createDispatcher({ processors: [Summary, Offense], context }));
      const before = context.upstream.asked.length;
      const start = context.clock.now();
      for (let tick = 0; tick < 60; tick++) {
        await context.clock.advance(10_000);
        await context.clock.runUntil(Promise.all(others.map((other) => other.sweep())));
      }
      const minutes = (context.clock.now() - start) / minute;
      expect(context.upstream.asked.length - before).toBeLessThanOrEqual(minutes);
      expect(context.upstream.asked.length - before).toBeGreaterThanOrEqual(0.8 * minutes);
    });

    it('writes what is missing only when that has changed', async () => {
      await parkedNotReady();
      context.store.calls.length = 0;
      await sweepFor(1);
      const puts = () => context.store.calls.filter(({ operation }) => operation === 'put').length;
      expect(puts()).toBe(1);
      context.upstream.notReady(['7 of 8 games final']);
      await sweepFor(1);
      expect(puts()).toBe(3);
      expect((await workOf(context, keys.offense)).parked?.missing).toEqual(['7 of 8 games final']);
    });

    it('says what it waits for', async () => {
      await parkedNotReady();
      await context.clock.advance('1m');
      expect((await sweep()).waiting).toEqual([
        { key: keys.offense, reason: 'upstream_not_ready', missing: ['6 of 8 games final'] },
      ]);
      context.upstream.unknown();
      await context.clock.advance('1m');
      expect((await sweep()).waiting).toMatchObject([{ reason: 'upstream_unknown' }]);
    });

    it('lets a run find out that there are no games, and is done with it', async () => {
      await parkedNotReady();
      context.upstream.noGames();
      await sweepFor(1);
      expect(outcomes().at(-1)).toBe('skipped no_games');
      expect(await workOf(context, keys.offense)).toMatchObject({ parked: null });
    });
  });

  describe('tableUpdated', () => {
    it('starts at once what waited for the table', async () => {
      await parkedNotReady();
      await context.clock.advance('5s');
      context.upstream.ready();
      const told = context.clock.now();
      const { results } = await context.clock.runUntil(dispatcher.tableUpdated('nba_raw.boxscore', [date]));
      expect(results).toMatchObject([{ status: 'succeeded' }]);
      expect(context.clock.now() - told).toBeLessThan(2_000);
    });

    it('does nothing for a table or a date that nobody waits for', async () => {
      await parkedNotReady();
      context.upstream.ready();
      for (const [table, dates] of [
        ['nba_raw.other', [date]],
        ['nba_raw.boxscore', ['2026-01-14']],
      ] as const) {
        expect((await context.clock.runUntil(dispatcher.tableUpdated(table, dates))).results).toEqual([]);
      }
    });

    it('is heard by the sweep of another process', async () => {
      await parkedNotReady();
      const other = createDispatcher({ processors: [Offense], context });
      const told = dispatcher.tableUpdated('nba_raw.boxscore', [date]);
      await context.clock.runUntil(told);
      context.upstream.ready();
      await context.clock.advance('1m');
      expect((await context.clock.runUntil(other.sweep())).results).toMatchObject([{ status: 'succeeded' }]);
    });

    it('queues a third look within a minute and starts what it finds ready', async () => {
      await parkedNotReady();
      const start = context.clock.now();
      await context.clock.runUntil(dispatcher.tableUpdated('nba_raw.boxscore', [date]));
      expect(context.upstream.asked).toHaveLength(2);
      context.upstream.ready();
      const { results } = await context.clock.runUntil(dispatcher.tableUpdated('nba_raw.boxscore', [date]));
      expect(results).toMatchObject([{ status: 'succeeded' }]);
      expect(context.clock.now() - start).toBeLessThan(minute + 2_000);
      expect(context.clock.now() - start).toBeGreaterThanOrEqual(minute - 10_000);
    });

    it('tells a run at work to go again: rows that came after its extraction are not lost', async () => {
      let extracted = 0;
      deeds.offense.extract = async () => {
        if (extracted++ === 0) await sleep(context.clock, 5_000);
      };
      const running = dispatcher.dispatch('OffenseProcessor', options, how);
      await context.clock.advance('2s');
      await dispatcher.tableUpdated('nba_raw.boxscore', [date]);
      await context.clock.runUntil(running);
      expect((await workOf(context, keys.offense)).parked).toMatchObject({ reason: 'again' });
      await sweep();
      expect(extracted).toBe(2);
      await sweepFor(3);
      expect(extracted).toBe(2);
    });
  });

  describe('`again`', () => {
    it('leads to one more look, and to no more work when nothing is new', async () => {
      deeds.offense.extract = () => sleep(context.clock, 5_000);
      const running = dispatcher.dispatch('OffenseProcessor', options, how);
      await context.clock.advance('2s');
      for (let trigger = 0; trigger < 3; trigger++)
        expect(await dispatcher.dispatch('OffenseProcessor', options, how)).toMatchObject([
          { reason: 'already_running' },
        ]);
      await context.clock.runUntil(running);
      await sweepFor(3);
      expect(outcomes().filter((outcome) => outcome !== 'skipped already_running')).toEqual([
        'succeeded done',
        'skipped already_done',
      ]);
    });
  });

  describe('starts', () => {
    it('follow the order in which outputs need each other', async () => {
      context.upstream.notReady(['nothing']);
      await dispatch('SummaryProcessor');
      await dispatch('OffenseProcessor');
      context.upstream.ready();
      await sweepFor(1);
      const done = heard.filter(({ status }) => status === 'succeeded').map(({ processor }) => processor);
      expect(done).toEqual(['OffenseProcessor', 'SummaryProcessor']);
    });

    it('go on in the same sweep to what they made ready', async () => {
      context.upstream.notReady(['nothing']);
      await dispatch('SummaryProcessor');
      await dispatch('OffenseProcessor');
      context.upstream.ready(keys.offense);
      deeds.offense.extract = () => context.upstream.ready(keys.summary);
      await sweepFor(1);
      const done = heard.filter(({ status }) => status === 'succeeded').map(({ processor }) => processor);
      expect(done).toEqual(['OffenseProcessor', 'SummaryProcessor']);
    });

    it('are bounded, and spread by chance', async () => {
      let atWork = 0;
      let most = 0;
      const times: number[] = [];
      deeds.offense.extract = async () => {
        times.push(context.clock.now());
        most = Math.max(most, ++atWork);
        await sleep(context.clock, 3_000);
        atWork--;
      };
      context.upstream.notReady(['nothing']);
      const range = { startDate: '2026-01-01', endDate: '2026-01-15' };
      await context.clock.runUntil(dispatcher.dispatch('OffenseProcessor', range, how));
      context.upstream.ready();
      await context.clock.advance('1m');
      expect((await sweep()).results).toHaveLength(15);
      expect(most).toBe(4);
      expect(new Set(times).size).toBe(15);
    });

    describe('of sweeps beside a run that hangs', () => {
      /** The dates of January, whose runs hang where the deed says so. */
      const parkedDays = async (...days: number[]) => {
        context.upstream.notReady(['nothing']);
        for (const day of days) {
          const at = `2026-01-${String(day).padStart(2, '0')}`;
          const range = { startDate: at, endDate: at };
          await context.clock.runUntil(dispatcher.dispatch('OffenseProcessor', range, how));
        }
        context.upstream.ready();
        await context.clock.advance('1m');
      };
      const succeeded = () => heard.filter(({ status }) => status === 'succeeded').map(({ date }) => date);
      const hangOn = (hung: string, extracted: string[] = []) => {
        deeds.offense.extract = (run) => {
          extracted.push(run.date);
          return run.date === hung ? new Promise(() => {}) : undefined;
        };
        return extracted;
      };

      it('look for themselves and start what else is ready', async () => {
        const extracted = hangOn('2026-01-01');
        await parkedDays(1);
        const held = dispatcher.sweep();
        await context.clock.advance('10s');
        await parkedDays(2);
        const { results } = await context.clock.runUntil(dispatcher.sweep());
        expect(results).toMatchObject([{ date: '2026-01-02', status: 'succeeded' }]);
        expect((await context.clock.runUntil(held)).results).toMatchObject([
          { date: '2026-01-01', status: 'timed_out' },
        ]);
        expect(extracted).toEqual(['2026-01-01', '2026-01-02']);
        expect(context.clock.pendingTimers).toBe(0);
      });

      it('do not take up what waits for a place in another one', async () => {
        const days = [1, 2, 3, 4, 5, 6];
        let atWork = 0;
        let most = 0;
        const extracted: string[] = [];
        deeds.offense.extract = async (run) => {
          extracted.push(run.date);
          most = Math.max(most, ++atWork);
          await sleep(context.clock, 4 * minute);
          atWork--;
        };
        await parkedDays(...days);
        const sweeps = [dispatcher.sweep()];
        for (let tick = 0; tick < 6; tick++) {
          await context.clock.advance('1m');
          sweeps.push(dispatcher.sweep());
        }
        await context.clock.runUntil(Promise.all(sweeps));
        expect(most).toBe(4);
        expect(extracted).toHaveLength(days.length);
        expect(heard.map(({ reason }) => reason)).not.toContain('already_running');
        expect(succeeded()).toHaveLength(days.length);
      });

      it('hold up nothing that needs another output than the one that hangs', async () => {
        hangOn('2026-01-14');
        context.upstream.notReady(['nothing']);
        await dispatch('SummaryProcessor');
        await parkedDays(14, 15);
        const sweep = dispatcher.sweep();
        await context.clock.advance('10s');
        const done = heard.filter(({ status }) => status === 'succeeded').map(({ processor }) => processor);
        expect(done).toEqual(['OffenseProcessor', 'SummaryProcessor']);
        await context.clock.runUntil(sweep);
      });
    });

    it('end by the sweep’s deadline, and do not begin when there is no time left before it', async () => {
      await parkedNotReady();
      context.upstream.ready();
      await context.clock.advance('1m');
      deeds.offense.extract = () => new Promise(() => {});
      const begun = context.clock.now();
      const late = { deadline: begun + 500 };
      expect(await context.clock.runUntil(dispatcher.sweep(late))).toMatchObject({
        results: [],
        waiting: [{ key: keys.offense, reason: 'upstream_not_ready' }],
      });
      await context.clock.advance('1m');
      const inTime = { deadline: context.clock.now() + 30_000 };
      const { results } = await context.clock.runUntil(dispatcher.sweep(inTime));
      expect(results).toMatchObject([{ status: 'timed_out', reason: 'deadline' }]);
      expect(context.clock.now()).toBeLessThanOrEqual(inTime.deadline + context.config.processor.grace);
    });

    it('wait for each other’s sweep: two at the same time share one', async () => {
      await parkedNotReady();
      context.upstream.ready();
      await context.clock.advance('1m');
      const [one, two] = [dispatcher.sweep(), dispatcher.sweep()];
      expect(two).toBe(one);
      expect((await context.clock.runUntil(one)).results).toHaveLength(1);
    });

    it('ask nothing more of a run that another process has started meanwhile', async () => {
      let extracted = 0;
      deeds.offense.extract = async () => {
        extracted++;
        await sleep(context.clock, 5_000);
      };
      await parkedNotReady();
      context.upstream.ready();
      await createOperations(context).start(keys.offense);
      const other = createDispatcher({ processors: [Offense], context });
      const [one, two] = await context.clock.runUntil(Promise.all([dispatcher.sweep(), other.sweep()]));
      expect([...one.results, ...two.results].map(({ reason }) => reason).sort()).toEqual([
        'already_running',
        'done',
      ]);
      expect(await workOf(context, keys.offense)).toMatchObject({ lease: null, parked: null });
      expect(extracted).toBe(1);
    });

    it('come from the next sweep after one whose caller had given up before it began', async () => {
      await parkedNotReady();
      context.upstream.ready();
      await context.clock.advance('1m');
      expect((await dispatcher.sweep({ signal: AbortSignal.abort() })).results).toEqual([]);
      expect((await sweep()).results).toMatchObject([{ status: 'succeeded' }]);
    });

    it('are shared too by a sweep that comes during the look', async () => {
      await parkedNotReady();
      context.upstream.ready();
      await context.clock.advance('55s');
      // The look waits for what is due so soon.
      const one = dispatcher.sweep();
      await context.clock.advance('2s');
      expect(dispatcher.sweep()).toBe(one);
      await context.clock.runUntil(one);
      expect(dispatcher.sweep()).not.toBe(one);
    });
  });

  describe('giving up', () => {
    it('is a failure with a reason, once, after 36 hours', async () => {
      await parkedNotReady();
      await context.clock.advance('35h');
      expect((await sweep()).gaveUp).toEqual([]);
      await context.clock.advance('1h');
      expect((await sweep()).gaveUp).toEqual([keys.offense]);
      expect((await sweep()).gaveUp).toEqual([]);
      const failure = heard.at(-1);
      expect(failure).toMatchObject({ status: 'failed', reason: 'gave_up', key: keys.offense });
      expect(await workOf(context, keys.offense)).toMatchObject({
        parked: null,
        gaveUp: { reason: 'upstream_not_ready' },
      });
      const { entry } = await context.store.collection(runRecords).get(failure?.runId ?? '');
      expect(entry).toMatchObject({
        readable: true,
        value: { status: 'failed', reason: 'gave_up', missing: ['6 of 8 games final'] },
      });
      expect(context.logger.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    });

    it.each([
      ['six', true],
      ['eight', false],
    ])('is taken back by tableUpdated %s days later: %s', async (days, isRevived) => {
      await parkedNotReady();
      await context.clock.advance('36h');
      await sweep();
      await context.clock.advance(days === 'six' ? '6d' : '8d');
      context.upstream.ready();
      const { results } = await context.clock.runUntil(dispatcher.tableUpdated('nba_raw.boxscore', [date]));
      expect(results.map(({ status }) => status)).toEqual(isRevived ? ['succeeded'] : []);
    });

    it('comes again, seven days after a revival that led to nothing', async () => {
      await parkedNotReady();
      await context.clock.advance('36h');
      await sweep();
      await context.clock.runUntil(dispatcher.tableUpdated('nba_raw.boxscore', [date]));
      expect((await workOf(context, keys.offense)).parked).toMatchObject({ reason: 'revived' });
      await context.clock.advance('6d');
      expect((await sweep()).gaveUp).toEqual([]);
      await context.clock.advance('25h');
      expect((await sweep()).gaveUp).toEqual([keys.offense]);
    });

    it('is what becomes of options that this release does not take', async () => {
      await parkedNotReady();
      await put(keys.offense, { options: { startDate: date } });
      context.upstream.ready();
      await put(keys.offense, {
        parked: { ...(await workOf(context, keys.offense)).parked!, wake: 'time', nextLook: 0 },
      });
      expect((await sweep()).gaveUp).toEqual([keys.offense]);
    });
  });

  describe('the dead', () => {
    const killed = async () => {
      deeds.offense.extract = () => new Promise(() => {});
      const lost = madeUpLost();
      await context.clock.advance('1s');
      deeds.offense.extract = undefined;
      return lost;
    };
    /** A run in a process that hears nothing any more: what it does after its claim's end is lost. */
    const madeUpLost = () => {
      void dispatcher.dispatch('OffenseProcessor', options, how);
    };

    it('are recovered when their claim has ended: recorded, and started again by run id', async () => {
      await killed();
      const { lease } = await workOf(context, keys.offense);
      // The process is gone: its own time-out never comes.
      await put(keys.offense, { lease: { ...lease!, until: context.clock.wallNow() } });
      const { recovered, results } = await sweep();
      expect(recovered).toEqual([keys.offense]);
      expect(results).toMatchObject([{ status: 'succeeded', attempt: 2 }]);
      const { entry } = await context.store.collection(runRecords).get(lease!.runId);
      expect(entry).toMatchObject({ readable: true, value: { status: 'failed', reason: 'stale_heartbeat' } });
    });

    it('are not started for ever', async () => {
      await killed();
      const { lease } = await workOf(context, keys.offense);
      await put(keys.offense, { lease: { ...lease!, until: context.clock.wallNow(), attempt: 10 } });
      const { recovered, results } = await sweep();
      expect(recovered).toEqual([keys.offense]);
      expect(results).toEqual([]);
      expect(await workOf(context, keys.offense)).toMatchObject({
        lease: null,
        parked: null,
        gaveUp: { reason: 'stale_heartbeat' },
      });
    });
  });

  describe('records that can not be used', () => {
    it('are left and shown when a newer release wrote them', async () => {
      const newer = { ...workRecords, version: 2 };
      await parkedNotReady();
      const record = await workOf(context, keys.offense);
      const later = context.clock.wallNow() + 100 * hour;
      await context.store
        .collection(newer)
        .put('new/2026-01-15', record, { ifVersion: undefined, due: 0, expires: later });
      context.upstream.ready();
      await context.clock.advance('1m');
      const report = await sweep();
      expect(report.unreadable).toEqual(['new/2026-01-15']);
      expect(report.results).toHaveLength(1);
      expect((await context.store.collection(newer).get('new/2026-01-15')).entry).toMatchObject({
        readable: true,
      });
    });

    it('are left and shown when another service’s processor is meant', async () => {
      await parkedNotReady();
      await put(keys.offense, { processor: 'ElsewhereProcessor' });
      await context.clock.advance('1m');
      expect((await sweep()).waiting).toMatchObject([{ reason: 'no processor ElsewhereProcessor here' }]);
      expect((await workOf(context, keys.offense)).parked).not.toBeNull();
    });

    it('do not keep others from being looked at', async () => {
      await parkedNotReady();
      await dispatch('SummaryProcessor');
      await put(keys.offense, { options: { startDate: 'no day' } });
      context.upstream.ready();
      await context.clock.advance('1m');
      const report = await sweep();
      expect(report.results).toMatchObject([{ processor: 'SummaryProcessor', status: 'succeeded' }]);
      expect(report.waiting).toMatchObject([{ key: keys.offense, reason: 'upstream_unknown' }]);
    });
  });

  describe('an open circuit', () => {
    const openCircuit = async () => {
      deeds.offense.extract = () => {
        throw new ServiceError('away', { service: 'x', kind: 'transient' });
      };
      const circuit = processorCircuit(context, { definition: Offense.processor, key: keys.offense });
      for (let failure = 0; failure < 5; failure++) {
        const admission = await circuit.enter();
        if (admission.admitted) await circuit.leave(admission, 'failure');
      }
      await dispatch();
      deeds.offense.extract = undefined;
    };

    it('parks a run until its time is up', async () => {
      await openCircuit();
      expect(outcomes()).toEqual(['skipped circuit_open']);
      await sweepFor(28);
      expect(heard).toHaveLength(1);
      await sweepFor(3);
      expect(outcomes()).toEqual(['skipped circuit_open', 'succeeded done']);
    });

    it('is waited for also when the time of what waits is over: its failures are counted', async () => {
      await openCircuit();
      await put(keys.offense, {
        parked: {
          ...(await workOf(context, keys.offense)).parked!,
          giveUpAt: context.clock.wallNow() + minute,
        },
      });
      await sweepFor(31);
      expect(outcomes()).toEqual(['skipped circuit_open', 'succeeded done']);
    });

    it('goes half-open as soon as its checks turn from not ready to ready', async () => {
      await openCircuit();
      context.upstream.notReady(['6 of 8 games final']);
      await sweepFor(3);
      expect((await sweep()).results).toEqual([]);
      context.upstream.ready();
      await sweepFor(2);
      expect(outcomes()).toEqual(['skipped circuit_open', 'succeeded done']);
    });
  });

  describe('operations', () => {
    const operations = () => createOperations(context);

    it('list what is parked', async () => {
      await parkedNotReady();
      expect(await operations().parked()).toMatchObject([
        { key: keys.offense, processor: 'OffenseProcessor', reason: 'upstream_not_ready', date },
      ]);
    });

    it('start a parked run at the next sweep, whatever upstream said a moment ago', async () => {
      await parkedNotReady();
      context.upstream.ready();
      expect(await operations().start(keys.offense)).toBe(true);
      expect((await sweep()).results).toMatchObject([{ status: 'succeeded' }]);
      expect(await operations().start(keys.offense)).toBe(false);
    });

    it('cancel a parked run for good', async () => {
      await parkedNotReady();
      expect(await operations().cancel(keys.offense)).toBe('parked');
      context.upstream.ready();
      await sweepFor(3);
      expect(heard).toHaveLength(1);
      expect(await operations().cancel(keys.offense)).toBe('nothing');
    });

    it('cancel a run at work, whose signal hears of it within fifteen seconds', async () => {
      let reason: unknown;
      deeds.offense.extract = (run) =>
        new Promise((_, reject) => {
          run.signal.addEventListener('abort', () => {
            reason = run.signal.reason;
            reject(run.signal.reason as Error);
          });
        });
      const running = dispatcher.dispatch('OffenseProcessor', options, how);
      await context.clock.advance('1s');
      expect(await operations().cancel(keys.offense)).toBe('running');
      await context.clock.advance('15s');
      expect(await running).toMatchObject([{ status: 'cancelled', reason: 'operator' }]);
      expect(reason).toMatchObject({ name: 'RunCancelledError', by: 'operator' });
      expect(await workOf(context, keys.offense)).toMatchObject({ lease: null, parked: null });
    });

    it('are not needed for what has new rows when it would be given up: it is looked at once more', async () => {
      await parkedNotReady();
      await context.clock.advance('37h');
      context.upstream.ready();
      const report = await context.clock.runUntil(dispatcher.tableUpdated('nba_raw.boxscore', [date]));
      expect(report.gaveUp).toEqual([]);
      expect(report.results).toMatchObject([{ status: 'succeeded' }]);
    });

    it('are not needed for it if that look fails either: it has as long as what is revived', async () => {
      await parkedNotReady();
      await context.clock.advance('37h');
      context.upstream.ready();
      deeds.offense.extract = () => {
        throw new ServiceError('away', { service: 'x', kind: 'transient' });
      };
      const report = await context.clock.runUntil(dispatcher.tableUpdated('nba_raw.boxscore', [date]));
      expect(report.results).toMatchObject([{ status: 'failed' }]);
      deeds.offense.extract = () => {};
      await context.clock.advance('6d');
      const later = await context.clock.runUntil(dispatcher.sweep());
      expect(later.gaveUp).toEqual([]);
      expect(later.results).toMatchObject([{ status: 'succeeded' }]);
    });

    it('extend the time until a parked run is given up', async () => {
      await parkedNotReady();
      expect(await operations().extend(keys.offense, '12h')).toBe(true);
      await context.clock.advance('47h');
      expect((await sweep()).gaveUp).toEqual([]);
      await context.clock.advance('1h');
      expect((await sweep()).gaveUp).toEqual([keys.offense]);
      expect(await operations().extend(keys.offense, '12h')).toBe(false);
    });

    it('pause a processor: triggers and sweeps start nothing, and nothing is lost', async () => {
      await operations().pause('OffenseProcessor', 'a bad release');
      expect(await dispatch()).toMatchObject([{ status: 'skipped', reason: 'disabled' }]);
      expect(await operations().paused()).toMatchObject([
        { processor: 'OffenseProcessor', reason: 'a bad release' },
      ]);
      await sweepFor(5);
      expect(heard).toHaveLength(1);
      await context.clock.advance('40h');
      expect(await sweep()).toMatchObject({ gaveUp: [], waiting: [{ reason: 'disabled' }] });
      expect(await operations().resume('OffenseProcessor')).toBe(true);
      expect(await sweep()).toMatchObject({ gaveUp: [], results: [{ status: 'succeeded' }] });
      expect(await operations().resume('OffenseProcessor')).toBe(false);
    });

    it('resume a processor for good: a pause that arrives late makes none anew', async () => {
      const controls = context.store.collection(controlRecords);
      const { entry, time } = await controls.get('OffenseProcessor');
      await operations().pause('OffenseProcessor', 'a bad release');
      await operations().resume('OffenseProcessor');
      const late = { processor: 'OffenseProcessor', paused: { reason: 'a bad release', at: 'an hour ago' } };
      expect(
        await controls.put('OffenseProcessor', late, { ifVersion: entry?.version, expires: time + 1e9 }),
      ).toMatchObject({ ok: false });
      expect(await operations().paused()).toEqual([]);
      expect(await dispatch()).toMatchObject([{ status: 'succeeded' }]);
    });

    it('resume a processor: what came meanwhile is started', async () => {
      await operations().pause('OffenseProcessor', 'a bad release');
      await dispatch();
      await operations().resume('OffenseProcessor');
      expect((await sweep()).results).toMatchObject([{ status: 'succeeded' }]);
    });
  });
});
