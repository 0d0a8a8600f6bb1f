import { describe, expect, it } from 'vitest';
import { expectNothingLeft, never, recordOf } from '../../test/runs/look.ts';
import { Chore, day, range, Summary } from '../../test/runs/summary.ts';
import { sleep } from '../time/index.ts';
import { createTestContext } from '../testing/index.ts';
import { succeeded } from './outcomes.ts';

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
