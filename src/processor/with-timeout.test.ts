import { describe, expect, it } from 'vitest';
import { expectNothingLeft, never, recordOf } from '../../test/runs/look.ts';
import { Chore, day, range, Summary } from '../../test/runs/summary.ts';
import { TimeoutError } from '../errors/index.ts';
import { sleep } from '../time/index.ts';
import { createTestContext, type TestContext } from '../testing/index.ts';
import { defineProcessor } from './definition.ts';
import { succeeded } from './outcomes.ts';
import { withTimeout } from './with-timeout.ts';

const minute = 60_000;

class TimedChore extends withTimeout(Chore) {}

/** A watchdog that notes what it is to guard. */
function watched(context: TestContext) {
  const guards: string[] = [];
  const watchdog = {
    lag: () => 0,
    guard: ({ key }: { readonly key: string }, limit: number) => {
      guards.push(`${key} for ${limit}`);
      return { [Symbol.dispose]: () => guards.push('released') };
    },
  };
  return { guards, context: { ...context, watchdog } };
}

describe('withTimeout', () => {
  it('tells the work at its time-out, and settles as soon as it has ended', async () => {
    const context = createTestContext();
    const seen: unknown[] = [];
    const summary = new Summary(context, {
      extract: async (run) => {
        await sleep(run.clock, 3_600_000, run.signal).catch((error) => seen.push(error));
        await sleep(run.clock, 5_000);
        return [];
      },
    });
    const [result] = await context.clock.runUntil(summary.run(range));
    expect(result).toMatchObject({
      status: 'timed_out',
      reason: 'deadline',
      durationMs: 10 * minute + 5_000,
      workLeftRunning: false,
      steps: [{ name: 'upstream' }, { name: 'extract', outcome: 'done' }],
    });
    expect(seen).toEqual([expect.any(TimeoutError)]);
    expect(result).toHaveProperty('error', seen[0]);
    expect(seen[0]).toMatchObject({ message: 'Summary did not end within 600000 ms', after: 600_000 });
    expect(await recordOf(context, result)).toMatchObject({
      status: 'timed_out',
      reason: 'deadline',
      error: { name: 'TimeoutError' },
    });
    expectNothingLeft(context);
  });

  it('settles after the grace whatever the work does, and tells that it goes on', async () => {
    const context = createTestContext();
    const summary = new Summary(context, { extract: never });
    const [result] = await context.clock.runUntil(summary.run(range));
    expect(result).toMatchObject({
      status: 'timed_out',
      reason: 'deadline',
      durationMs: 10 * minute + 30_000,
      workLeftRunning: true,
      steps: [{ name: 'upstream' }, { name: 'extract', durationMs: 630_000, outcome: 'abandoned' }],
      recorded: true,
    });
    expect(context.logger.lines).toMatchObject([
      {
        level: 'warn',
        message: expect.stringContaining('ignores its signal'),
        fields: { runId: result.runId },
      },
    ]);
    expectNothingLeft(context);
  });

  it('does not let work go on that ends after the deadline: no later step begins', async () => {
    const context = createTestContext();
    const steps: string[] = [];
    const summary = new Summary(context, {
      extract: async (run) => {
        await sleep(run.clock, 11 * minute);
        steps.push('extracted');
        return [];
      },
      transform: (raw) => {
        steps.push('transformed');
        return raw;
      },
    });
    const [result] = await context.clock.runUntil(summary.run(range));
    expect(result).toMatchObject({ status: 'timed_out', workLeftRunning: true });
    await context.clock.runAll();
    expect(steps).toEqual(['extracted']);
    expect(context.bigquery.rowsOf('nba_analytics.summary')).toEqual([]);
  });

  it('refuses abandoned work every client, without an unhandled rejection', async () => {
    const context = createTestContext();
    const refused: unknown[] = [];
    const late = Promise.withResolvers<void>();
    const chore = new TimedChore(context, async (run) => {
      await sleep(run.clock, 3_600_000);
      const calls = [
        () => run.bigquery.query('SELECT 1'),
        () => run.bigquery.replacePartition('a.b', { column: 'd', value: day }, []),
        () => run.http.getJson('https://example.com/odds'),
        () => run.storage.save('a', 'b'),
        () => run.step('more', () => 1),
      ];
      for (const call of calls) await call().catch((error: unknown) => refused.push(error));
      run.progress(1, 2);
      late.resolve();
      throw new Error('nobody is there to hear it');
    });
    const [result] = await context.clock.runUntil(chore.run({ day }));
    expect(result).toMatchObject({ status: 'timed_out', workLeftRunning: true });
    await context.clock.runUntil(late.promise);
    expect(refused).toHaveLength(5);
    for (const error of refused) expect(error).toBe((result as { error: unknown }).error);
    expect(context.bigquery.calls).toEqual([]);
    expect(context.http.calls).toEqual([]);
    expect(context.storage.calls).toEqual([]);
  });

  it('takes the processor’s own time-out before the context’s', async () => {
    class Quick extends TimedChore {
      static override readonly processor = defineProcessor({
        name: 'Quick',
        sport: 'nba',
        output: 'nba_ops.quick',
        timeout: '5s',
      });
    }
    const context = createTestContext({ config: { processor: { timeout: '20s', grace: '1s' } } });
    const ended = async (chore: Chore) => (await context.clock.runUntil(chore.run({ day })))[0];
    expect(await ended(new Quick(context, never))).toMatchObject({ status: 'timed_out', durationMs: 6_000 });
    expect(await ended(new TimedChore(context, never))).toMatchObject({ durationMs: 21_000 });
  });

  it('leaves the first of two endings: a caller who cancels in the grace changes nothing, nor the other way round', async () => {
    const context = createTestContext();
    const caller = new AbortController();
    const timedOut = new TimedChore(context, never).run({ day }, { signal: caller.signal });
    await context.clock.advance('10m');
    caller.abort();
    expect(await context.clock.runUntil(timedOut)).toMatchObject([{ status: 'timed_out' }]);

    const second = new AbortController();
    const cancelled = new TimedChore(context, never).run({ day }, { signal: second.signal });
    await context.clock.advance(10 * minute - 1);
    second.abort();
    const [result] = await context.clock.runUntil(cancelled);
    expect(result).toMatchObject({ status: 'cancelled', durationMs: 10 * minute - 1 + 30_000 });
    expectNothingLeft(context, second.signal);
  });

  it('is over at the deadline also when a call of the run finds its time used up at the same instant', async () => {
    const context = createTestContext();
    context.bigquery.hang();
    const summary = new Summary(context, {
      extract: async (run) => {
        await sleep(run.clock, 9 * minute);
        return run.bigquery.query('SELECT 1', { timeout: '1m' });
      },
    });
    const [result] = await context.clock.runUntil(summary.run(range));
    expect(result).toMatchObject({ status: 'timed_out', reason: 'deadline', durationMs: 10 * minute });
  });

  it('leaves a call’s own time-out, before the deadline, a failure of that call', async () => {
    const context = createTestContext();
    context.bigquery.hang();
    const summary = new Summary(context, { extract: (run) => run.bigquery.query('SELECT 1') });
    const [result] = await context.clock.runUntil(summary.run(range));
    expect(result).toMatchObject({
      status: 'failed',
      reason: 'extract_failed',
      errorKind: 'timeout',
      durationMs: 120_000,
    });
  });

  describe('on a blocked event loop', () => {
    it('refuses the next call when the deadline has passed unnoticed', async () => {
      const context = createTestContext();
      const clock = blockable(context);
      const summary = new Summary(
        { ...context, clock },
        {
          transform: (raw) => {
            clock.block(10 * minute + 5_000);
            return raw;
          },
        },
      );
      const [result] = await context.clock.runUntil(summary.run(range));
      expect(result).toMatchObject({
        status: 'timed_out',
        reason: 'event_loop_blocked',
        workLeftRunning: false,
        steps: [{}, {}, {}, {}, { name: 'load', outcome: 'failed' }],
      });
      expect(context.bigquery.calls).toEqual([]);
    });

    it('says so when the time-out comes late', async () => {
      const context = createTestContext();
      const clock = blockable(context);
      const chore = new TimedChore({ ...context, clock }, async () => {
        clock.block(10 * minute + 5_000);
        return never();
      });
      const [result] = await context.clock.runUntil(chore.run({ day }));
      expect(result).toMatchObject({ status: 'timed_out', reason: 'event_loop_blocked' });
    });
  });

  describe('with a watchdog', () => {
    it('has the run guarded from its start to its end, for time-out and grace', async () => {
      const { guards, context } = watched(createTestContext());
      const chore = new TimedChore(context, async (run) => {
        guards.push('work');
        return succeeded(run);
      });
      await chore.run({ day });
      expect(guards).toEqual(['nba_ops.chore/2026-01-15 for 630000', 'work', 'released']);
    });

    it('lets go of a run that failed or was abandoned', async () => {
      const base = createTestContext();
      const { guards, context } = watched(base);
      await new TimedChore(context, () => Promise.reject(new Error('broken'))).run({ day });
      await base.clock.runUntil(new TimedChore(context, never).run({ day }));
      expect(guards.filter((guard) => guard === 'released')).toHaveLength(2);
    });
  });
});

/** The context's clock, whose time can pass without a timer firing: what a blocked event loop sees. */
function blockable({ clock }: TestContext) {
  let blocked = 0;
  return {
    now: () => clock.now() + blocked,
    wallNow: () => clock.wallNow() + blocked,
    setTimer: clock.setTimer.bind(clock),
    block(time: number) {
      blocked += time;
    },
  };
}
