import { describe, expect, it } from 'vitest';
import { expectNothingLeft, never, recordOf } from '../../test/runs/look.ts';
import { Chore, day, range, Summary } from '../../test/runs/summary.ts';
import { sleep } from '../time/index.ts';
import { createTestContext } from '../testing/index.ts';
import { cancelWork, RunCancelledError } from './cancellation.ts';
import { succeeded } from './outcomes.ts';
import { release } from './release.ts';

const minute = 60_000;

describe('a run that its caller cancels', () => {
  it('claims nothing when that was before', async () => {
    const context = createTestContext();
    const reason = { why: 'changed my mind' };
    const [result] = await new Summary(context).run(range, { signal: AbortSignal.abort(reason) });
    expect(result).toMatchObject({ status: 'cancelled', reason: 'caller', workLeftRunning: false });
    expect(result).toHaveProperty('error', reason);
    expect(context.store.calls).toEqual([]);
    expectNothingLeft(context);
  });

  it('begins no work when that was while the claim was on its way', async () => {
    const context = createTestContext();
    const caller = new AbortController();
    let worked = 0;
    const chore = new Chore(context, async (run) => {
      worked += 1;
      return succeeded(run);
    });
    const running = chore.run({ day }, { signal: caller.signal });
    caller.abort(new Error('too late'));
    const [result] = await running;
    expect(result).toMatchObject({ status: 'cancelled', error: { message: 'too late' }, recorded: true });
    expect(worked).toBe(0);
    expectNothingLeft(context, caller.signal);
  });

  it('hands its own reason to the work, and settles as soon as that has ended', async () => {
    const context = createTestContext();
    const caller = new AbortController();
    const seen: unknown[] = [];
    const summary = new Summary(context, {
      extract: async (run) => {
        await sleep(run.clock, 5 * minute, run.signal).catch((error) => seen.push(error));
        throw new Error('tidied up');
      },
    });
    const running = summary.run(range, { signal: caller.signal });
    await context.clock.advance('1m');
    const reason = new Error('deploy');
    caller.abort(reason);
    const [result] = await running;
    expect(seen).toEqual([reason]);
    expect(result).toMatchObject({ status: 'cancelled', reason: 'caller', durationMs: minute });
    expect(result).toHaveProperty('error', reason);
    expect(await recordOf(context, result)).toMatchObject({ status: 'cancelled', reason: 'caller' });
    expectNothingLeft(context, caller.signal);
  });

  it('settles after the grace though its work goes on, and says so', async () => {
    const context = createTestContext();
    const caller = new AbortController();
    const running = new Chore(context, never).run({ day }, { signal: caller.signal });
    await context.clock.advance('1m');
    caller.abort();
    await context.clock.advance('29999ms');
    expect(await Promise.race([running, 'still at work'])).toBe('still at work');
    const [result] = await context.clock.runUntil(running);
    expect(result).toMatchObject({ status: 'cancelled', workLeftRunning: true, durationMs: 90_000 });
    expect(context.logger.lines).toMatchObject([
      {
        level: 'warn',
        message: expect.stringContaining('ignores its signal'),
        fields: { runId: result.runId },
      },
    ]);
    expectNothingLeft(context, caller.signal);
  });

  it('leaves no listener on a signal that serves a hundred runs', async () => {
    const context = createTestContext();
    const caller = new AbortController();
    const summary = new Summary(context);
    for (let run = 0; run < 100; run++) await summary.run(range, { signal: caller.signal, force: true });
    expectNothingLeft(context, caller.signal);
  });
});

describe('a run that is cancelled by others', () => {
  it('says that it was for a shutdown, when the signal’s reason does', async () => {
    const context = createTestContext();
    const process = new AbortController();
    const running = new Chore(context, never).run({ day }, { signal: process.signal });
    await context.clock.advance('1m');
    const reason = new RunCancelledError('shutdown', 'SIGTERM');
    process.abort(reason);
    const [result] = await context.clock.runUntil(running);
    expect(result).toMatchObject({ status: 'cancelled', reason: 'shutdown', error: reason });
    const [next] = await new Chore(context).run({ day }, { signal: process.signal });
    expect(next).toMatchObject({ status: 'cancelled', reason: 'shutdown', recorded: false });
    expectNothingLeft(context, process.signal);
  });

  it('hears of an operator, in whichever process, within fifteen seconds', async () => {
    const context = createTestContext();
    const running = new Chore(context, async (run) => {
      await sleep(run.clock, 3_600_000, run.signal);
      return succeeded(run);
    }).run({ day });
    await context.clock.advance('1m');
    expect(await cancelWork(context.store, 'nba_ops.chore/2026-01-15')).toBe('running');
    const [result] = await context.clock.runUntil(running);
    expect(result).toMatchObject({ status: 'cancelled', reason: 'operator', durationMs: 75_000 });
    expect(await cancelWork(context.store, 'nba_ops.chore/2026-01-15')).toBe('nothing');
    expect(await cancelWork(context.store, 'nba_ops.chore/2026-01-01')).toBe('nothing');
    expectNothingLeft(context);
  });

  it('goes on while the store is away, and leaves no look behind when it ends', async () => {
    const context = createTestContext();
    const chore = new Chore(context, async (run) => {
      await sleep(run.clock, 10_000);
      context.store.hang();
      await sleep(run.clock, 7_000);
      return succeeded(run);
    });
    const running = chore.run({ day });
    await context.clock.advance('17s');
    context.store.recover();
    const [result] = await running;
    expect(result).toMatchObject({ status: 'succeeded', durationMs: 17_000, recorded: true });
    expectNothingLeft(context);
  });

  it('stops when another run has taken its claim', async () => {
    const context = createTestContext();
    const running = new Chore(context, async (run) => {
      await release(context.store, {
        key: run.key,
        runId: run.id,
        done: null,
        settlement: 'keep',
        at: run.date,
      });
      await sleep(run.clock, 3_600_000, run.signal);
      return succeeded(run);
    }).run({ day });
    const [result] = await context.clock.runUntil(running);
    expect(result).toMatchObject({ status: 'failed', reason: 'lost_lease', durationMs: 15_000 });
    expectNothingLeft(context);
  });
});
