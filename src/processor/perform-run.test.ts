import { describe, expect, it } from 'vitest';
import { expectNothingLeft, never, recordOf, watch, workOf } from '../../test/runs/look.ts';
import { Chore, day, key, range, Summary } from '../../test/runs/summary.ts';
import { LostLeaseError } from '../errors/index.ts';
import { sleep } from '../time/index.ts';
import { createTestContext } from '../testing/index.ts';
import { succeeded } from './outcomes.ts';
import { recordDead } from './run-records.ts';
import { claim } from './claim.ts';
import { release } from './release.ts';

const minute = 60_000;

describe('a run', () => {
  it('goes from claim over heartbeat, circuit, time-out, upstream and the four steps to the record', async () => {
    const context = createTestContext();
    const order: string[] = [];
    const note = (what: string) => () => {
      if (order.at(-1) !== what) order.push(what);
    };
    const { store, upstream, sinks } = context;
    watch(store.calls, (call) => note(`store ${call.operation} ${call.collection}`)());
    watch(sinks.first.written, (beat) => note(`beat ${beat.status}`)());
    watch(upstream.asked, note('upstream asked'));
    const [result] = await new Summary(context, {
      extract: async (run) => {
        note('extract')();
        return [{ game_date: run.date, points: 1 }];
      },
      validate: note('validate'),
      transform: (raw) => {
        note('transform')();
        return raw;
      },
      load: (_rows, _run, replace) => {
        note('load')();
        return replace();
      },
    }).run(range);
    expect(result.status).toBe('succeeded');
    expect(order).toEqual([
      'store get work',
      'store put work',
      'store get runs',
      'store put runs',
      'beat running',
      'store get circuits',
      'upstream asked',
      'extract',
      'validate',
      'transform',
      'load',
      'beat succeeded',
      'store get runs',
      'store put runs',
      'store get work',
      'store put work',
    ]);
    expectNothingLeft(context);
  });

  it('is one record, running while it is and its outcome afterwards', async () => {
    const context = createTestContext();
    const summary = new Summary(context, {
      extract: async (run) => {
        await sleep(run.clock, 90_000);
        return [{ game_date: run.date, points: 1 }];
      },
    });
    const running = summary.run(range);
    await context.clock.advance('1m');
    const { lease } = await workOf(context, key);
    expect(await recordOf(context, { runId: lease?.runId as string })).toMatchObject({
      status: 'running',
      reason: null,
      endedAt: null,
      rows: null,
      trigger: 'call',
    });
    const [result] = await context.clock.runUntil(running);
    expect(await recordOf(context, result)).toEqual({
      runId: result.runId,
      fingerprint: expect.any(String),
      key,
      processor: 'Summary',
      sport: 'nba',
      date: day,
      status: 'succeeded',
      reason: 'done',
      missing: [],
      attempt: 1,
      fence: context.clock.wallNow() - 90_000,
      startedAt: '2026-01-16T09:00:00.000Z',
      endedAt: '2026-01-16T09:01:30.000Z',
      durationMs: 90_000,
      rows: 1,
      steps: [
        { name: 'upstream', durationMs: 0, outcome: 'done' },
        { name: 'extract', durationMs: 90_000, outcome: 'done' },
        { name: 'validate', durationMs: 0, outcome: 'done' },
        { name: 'transform', durationMs: 0, outcome: 'done' },
        { name: 'load', durationMs: 0, outcome: 'done' },
      ],
      error: null,
      host: 'test',
      version: 'test',
      trigger: 'call',
    });
    expect(await workOf(context, key)).toMatchObject({
      lease: null,
      done: { runId: result.runId, rows: 1, at: '2026-01-16T09:01:30.000Z' },
    });
  });

  it('records why it failed, and says it', async () => {
    const context = createTestContext();
    const error = Object.assign(new Error('reset by peer'), { code: 'ECONNRESET' });
    const [result] = await new Summary(context, { extract: () => Promise.reject(error) }).run(range);
    expect(result).toMatchObject({
      status: 'failed',
      reason: 'extract_failed',
      errorKind: 'transient',
      error,
      recorded: true,
    });
    expect(await recordOf(context, result)).toMatchObject({
      status: 'failed',
      reason: 'extract_failed',
      error: { name: 'Error', message: 'reset by peer', kind: 'transient' },
    });
    expect(await workOf(context, key)).toMatchObject({ lease: null, done: null });
    expectNothingLeft(context);
  });

  it('takes what its work throws past every outcome for a failure, and not only errors', async () => {
    const context = createTestContext();
    const [result] = await new Chore(context, () => Promise.reject('no reason')).run({ day });
    expect(result).toMatchObject({
      status: 'failed',
      reason: 'extract_failed',
      errorKind: 'unknown',
      error: 'no reason',
    });
    expect(await recordOf(context, result)).toMatchObject({
      error: { name: 'unknown', message: 'no reason' },
    });
    const [thrown] = await new Chore(context, () => {
      throw new RangeError('at once');
    }).run({ day });
    expect(thrown).toMatchObject({ status: 'failed', errorKind: 'permanent' });
    const [empty] = await new Chore(context, async () => undefined as never).run({ day });
    expect(empty).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('succeeded(run)') },
    });
    expectNothingLeft(context);
  });

  it('keeps the claim for time-out, grace and a minute of recording, from before it was sent', async () => {
    const context = createTestContext({ config: { processor: { timeout: '2m', grace: '10s' } } });
    const chore = new Chore(context, async (run) => {
      expect(run.deadline).toBe(context.clock.now() + 190_000);
      return succeeded(run);
    });
    await chore.run({ day });
    const summary = new Summary(context, {
      extract: async () => {
        const { lease } = await workOf(context, key);
        expect(lease?.until).toBe(context.clock.wallNow() + 10 * minute + 10_000 + minute);
        return [];
      },
    });
    expect(await summary.run(range)).toMatchObject([{ status: 'succeeded' }]);
  });

  describe('of a range', () => {
    const days = { startDate: '2026-01-14', endDate: '2026-01-16' };

    it('is one a date, in order, each claimed and recorded for itself', async () => {
      const context = createTestContext();
      const summary = new Summary(context, {
        extract: async (run) => {
          if (run.date === '2026-01-15') throw new Error('a bad day');
          return [{ game_date: run.date, points: 1 }];
        },
      });
      const results = await summary.run(days);
      expect(results.map(({ date, status }) => [date, status])).toEqual([
        ['2026-01-14', 'succeeded'],
        ['2026-01-15', 'failed'],
        ['2026-01-16', 'succeeded'],
      ]);
      expect(new Set(results.map(({ runId }) => runId)).size).toBe(3);
      expect(context.bigquery.rowsOf('nba_analytics.summary').map(({ game_date }) => game_date)).toEqual([
        '2026-01-14',
        '2026-01-16',
      ]);
    });

    it('that is cancelled ends the date at work, and begins no other', async () => {
      const context = createTestContext();
      const caller = new AbortController();
      const reason = new Error('the caller went home');
      const extracted: string[] = [];
      const summary = new Summary(context, {
        extract: async (run) => {
          extracted.push(run.date);
          await sleep(run.clock, minute, run.signal);
          return [];
        },
      });
      const running = summary.run(days, { signal: caller.signal });
      await context.clock.advance('90s');
      caller.abort(reason);
      const results = await context.clock.runUntil(running);
      expect(results.map(({ status, reason }) => [status, reason])).toEqual([
        ['succeeded', 'done'],
        ['cancelled', 'caller'],
        ['cancelled', 'caller'],
      ]);
      expect(results[1]).toMatchObject({ error: reason, recorded: true, workLeftRunning: false });
      expect(results[2]).toMatchObject({ error: reason, recorded: false });
      expect(extracted).toEqual(['2026-01-14', '2026-01-15']);
      expectNothingLeft(context, caller.signal);
    });
  });

  describe('of a key that is taken', () => {
    it('is skipped, and the live run goes again for it', async () => {
      const context = createTestContext();
      const summary = new Summary(context, {
        extract: async (run) => {
          await sleep(run.clock, minute);
          return [];
        },
      });
      const first = summary.run(range);
      await context.clock.advance('10s');
      const [second] = await summary.run(range);
      expect(second).toMatchObject({
        status: 'skipped',
        reason: 'already_running',
        missing: [],
        recorded: true,
        attempt: 1,
      });
      const [result] = await context.clock.runUntil(first);
      expect(result).toMatchObject({ status: 'succeeded', again: true });
      expect(await workOf(context, key)).toMatchObject({ lease: null, parked: { reason: 'again' } });
      expectNothingLeft(context);
    });

    it('takes over from a dead one, records what became of that, and fences it off', async () => {
      const context = createTestContext();
      const dead = await die(context);
      await context.clock.advance('1h');
      const [result] = await new Summary(context).run(range);
      expect(result).toMatchObject({ status: 'succeeded' });
      expect(await recordOf(context, dead)).toMatchObject({
        status: 'failed',
        reason: 'stale_heartbeat',
        endedAt: '2026-01-16T10:00:00.000Z',
      });
      const { fence } = await recordOf(context, result);
      expect(fence).toBeGreaterThan((await recordOf(context, dead)).fence);
    });

    it('is left with the dead one when that can’t be recorded: nobody may lose sight of it', async () => {
      const context = createTestContext();
      const dead = await die(context);
      await context.clock.advance('1h');
      const unwatch = watch(context.store.calls, ({ collection }) => {
        if (collection === 'runs') context.store.fail();
      });
      const kept = await context.clock.runUntil(new Summary(context).run(range));
      expect(kept).toMatchObject([{ reason: 'store_unavailable' }]);
      unwatch();
      context.store.recover();
      expect(await workOf(context, key)).toMatchObject({ lease: dead });
      expect(await new Summary(context).run(range)).toMatchObject([{ status: 'succeeded' }]);
      expect(await recordOf(context, dead)).toMatchObject({ status: 'failed', reason: 'stale_heartbeat' });
    });
  });

  describe('whose claim ends before it does', () => {
    it('stops at once, as lost_lease, and does not count against its circuit', async () => {
      const context = createTestContext();
      // No time-out of its own: the claim's end is the only bound.
      const running = new Chore(context, never).run({ day });
      await context.clock.advance('689999ms');
      expect(await Promise.race([running, 'still at work'])).toBe('still at work');
      const [result] = await context.clock.runUntil(running);
      expect(result).toMatchObject({
        status: 'failed',
        reason: 'lost_lease',
        errorKind: 'permanent',
        durationMs: 690_000,
      });
      expect(result).toHaveProperty('error', expect.any(LostLeaseError));
      expect(context.logger.lines[0]).toMatchObject({
        message: expect.stringContaining('ignores its signal'),
      });
      expectNothingLeft(context);
    });

    it('ends as lost_lease when its write meets a newer fence', async () => {
      const context = createTestContext();
      const summary = new Summary(context, {
        load: async (rows, run, replace) => {
          const partition = { column: 'game_date', value: run.date };
          const newer = { key: run.key, token: context.clock.wallNow() + 1 };
          await context.bigquery.replacePartition('nba_analytics.summary', partition, rows, { fence: newer });
          return replace();
        },
      });
      const [result] = await summary.run(range);
      expect(result).toMatchObject({ status: 'failed', reason: 'lost_lease', errorKind: 'permanent' });
    });

    it('ends as lost_lease when recovery has recorded it as dead meanwhile, whatever its work came to', async () => {
      const context = createTestContext();
      const chore = new Chore(context, async (run) => {
        const dead = { runId: run.id, reason: 'stale_heartbeat' } as const;
        await recordDead(context, dead, undefined, new AbortController().signal);
        return succeeded(run);
      });
      const [result] = await chore.run({ day });
      expect(result).toMatchObject({ status: 'failed', reason: 'lost_lease', recorded: true });
      expect(await recordOf(context, result)).toMatchObject({ status: 'failed', reason: 'stale_heartbeat' });
      // The claim is recovery's to give away.
      expect(await workOf(context, result.key)).toMatchObject({ lease: { runId: result.runId } });
    });

    it('keeps an outcome that was recorded, though the claim is another run’s by then', async () => {
      const context = createTestContext();
      const chore = new Chore(context, async (run) => {
        const { startedAt } = run as never as { startedAt: string };
        await release(context.store, {
          key: run.key,
          runId: run.id,
          done: null,
          settlement: 'keep',
          at: startedAt,
        });
        await claim(context.store, {
          key: run.key,
          processor: 'Chore',
          sport: 'nba',
          date: day,
          options: { day },
          runId: 'another',
          holder: 'another',
          startedAt,
          duration: minute,
          recordDead: async () => {},
        });
        return succeeded(run);
      });
      const [result] = await chore.run({ day });
      expect(result).toMatchObject({ status: 'succeeded', recorded: true });
      expect(await recordOf(context, result)).toMatchObject({ status: 'succeeded' });
      expect(await workOf(context, result.key)).toMatchObject({ lease: { runId: 'another' }, done: null });
    });
  });
});

/** A run of the key that has claimed, recorded its start, and died. */
async function die(context: ReturnType<typeof createTestContext>): Promise<{ runId: string }> {
  // Its context's clock stands still: the process is gone, and nothing of it ever happens again.
  const gone = createTestContext({ seed: 2 });
  const dying = { ...gone, store: context.store, config: context.config };
  void new Summary(dying, { extract: never }).run(range);
  await context.clock.advance(0);
  const { lease } = await workOf(context, key);
  return { runId: lease?.runId as string };
}
