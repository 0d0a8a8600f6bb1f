import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectNothingLeft, recordOf } from '../../test/runs/look.ts';
import { Chore, day, key, range, Summary } from '../../test/runs/summary.ts';
import { UpstreamUnknownError } from '../errors/index.ts';
import { createTestContext, type TestContext } from '../testing/index.ts';
import type { UpstreamReader } from '../upstream/index.ts';
import { succeeded } from './outcomes.ts';
import { withUpstreamCheck } from './with-upstream-check.ts';

/** A processor that counts how often it worked. */
function counting(context: TestContext) {
  const work = { extracted: 0 };
  const summary = new Summary(context, {
    extract: async (run) => {
      work.extracted += 1;
      return [{ game_date: run.date, points: 1 }];
    },
  });
  return { work, run: async (force = false) => (await summary.run(range, { force }))[0] };
}

describe('withUpstreamCheck', () => {
  it('asks for the run’s own key and date, and works when all is there', async () => {
    const context = createTestContext();
    const summary = new Summary(context, {
      extract: async (run) => {
        expect(run.dependencies).toMatchObject([{ table: 'nba_raw.boxscore', ready: true }]);
        return [];
      },
    });
    expect(await summary.run(range)).toMatchObject([{ status: 'succeeded' }]);
    expect(context.upstream.asked).toMatchObject([
      { key, date: day, checks: [{ tables: ['nba_raw.boxscore'] }] },
    ]);
  });

  it('skips what is not ready, with what is missing, and never extracts', async () => {
    const context = createTestContext();
    const { work, run } = counting(context);
    context.upstream.notReady(['6 of 8 games final (missing 0022400974, 0022400978)', 'no box scores']);
    const result = await run();
    expect(result).toMatchObject({
      status: 'skipped',
      reason: 'upstream_not_ready',
      missing: ['6 of 8 games final (missing 0022400974, 0022400978)', 'no box scores'],
      steps: [{ name: 'upstream', outcome: 'done' }],
      recorded: true,
    });
    expect(await recordOf(context, result)).toMatchObject({
      status: 'skipped',
      missing: ['6 of 8 games final (missing 0022400974, 0022400978)', 'no box scores'],
      error: null,
    });
    expect(work.extracted).toBe(0);
    expectNothingLeft(context);
  });

  it('keeps a record within its bounds, whatever is missing', async () => {
    const context = createTestContext();
    const missing = Array.from({ length: 5_000 }, (_, game) => `game ${game} ${'x'.repeat(2_000)}`);
    context.upstream.notReady(missing);
    const result = await counting(context).run();
    expect(result).toMatchObject({ missing, recorded: true });
    const recorded = (await recordOf(context, result)).missing;
    expect(recorded).toHaveLength(200);
    expect(recorded[0]).toHaveLength(1_000);
  });

  it('skips a day without games', async () => {
    const context = createTestContext();
    const { work, run } = counting(context);
    context.upstream.noGames();
    expect(await run()).toMatchObject({ status: 'skipped', reason: 'no_games', missing: [] });
    expect(work.extracted).toBe(0);
  });

  it('skips when nobody could look, with the error, which is neither ready nor not ready', async () => {
    const context = createTestContext();
    const { work, run } = counting(context);
    const error = new UpstreamUnknownError('The schedule can not be read');
    context.upstream.unknown(error);
    const result = await run();
    expect(result).toMatchObject({ status: 'skipped', reason: 'upstream_unknown', error });
    expect(await recordOf(context, result)).toMatchObject({ error: { name: 'UpstreamUnknownError' } });
    expect(work.extracted).toBe(0);
  });

  it('takes a missing answer for unknown', async () => {
    const context = createTestContext();
    const upstream: UpstreamReader = { ask: async () => new Map(), tableUpdated: () => {} };
    const [result] = await new Summary({ ...context, upstream }).run(range);
    expect(result).toMatchObject({ reason: 'upstream_unknown', error: { name: 'UpstreamUnknownError' } });
  });

  it('takes checks that can not be made for a failure of the processor', async () => {
    class Wrong extends Summary {
      override upstream(): never {
        throw new TypeError('no such table');
      }
    }
    const [result] = await new Wrong(createTestContext()).run(range);
    expect(result).toMatchObject({ status: 'failed', reason: 'extract_failed', errorKind: 'permanent' });
  });

  it('hands the look its signal and its deadline', async () => {
    const context = createTestContext();
    const calls: unknown[] = [];
    const upstream: UpstreamReader = {
      ask: (_requests, call) => {
        calls.push(call);
        return new Promise((_, reject) =>
          call?.signal?.addEventListener('abort', () => reject(call.signal?.reason), { once: true }),
        );
      },
      tableUpdated: () => {},
    };
    const [result] = await context.clock.runUntil(new Summary({ ...context, upstream }).run(range));
    expect(calls).toEqual([{ signal: expect.any(AbortSignal), deadline: 600_000 }]);
    expect(result).toMatchObject({ status: 'timed_out', workLeftRunning: false, durationMs: 600_000 });
  });

  describe('of work that is done', () => {
    it('skips it while options, release and data are the same', async () => {
      const context = createTestContext();
      const { work, run } = counting(context);
      expect(await run()).toMatchObject({ status: 'succeeded' });
      expect(await run()).toMatchObject({ status: 'skipped', reason: 'already_done' });
      expect(work.extracted).toBe(1);
    });

    it('does it again by force, for new data, and for a new release', async () => {
      const context = createTestContext();
      const { work, run } = counting(context);
      await run();
      expect(await run(true)).toMatchObject({ status: 'succeeded' });
      await context.clock.advance('1m');
      context.upstream.tableUpdated('nba_raw.boxscore', [day]);
      expect(await run()).toMatchObject({ status: 'succeeded' });
      expect(await run()).toMatchObject({ reason: 'already_done' });
      const released = { ...context, config: { ...context.config, version: 'next' } };
      expect(await counting(released).run()).toMatchObject({ status: 'succeeded' });
      expect(work.extracted).toBe(3);
    });

    it('does it again when the last attempt failed', async () => {
      const context = createTestContext();
      await new Summary(context, { load: () => Promise.reject(new Error('broken')) }).run(range);
      expect(await new Summary(context).run(range)).toMatchObject([{ status: 'succeeded' }]);
    });
  });

  it('serves work of any kind', async () => {
    class Checked extends withUpstreamCheck(Chore) {}
    const context = createTestContext();
    context.upstream.notReady(['nothing yet']);
    let worked = 0;
    const chore = new Checked(context, async (run) => {
      worked += 1;
      return succeeded(run);
    });
    expect(await chore.run({ day })).toMatchObject([{ reason: 'upstream_not_ready' }]);
    context.upstream.ready();
    expect(await chore.run({ day })).toMatchObject([{ status: 'succeeded' }]);
    expect(worked).toBe(1);
  });

  it('never extracts without data, in whatever order answers come', async () => {
    const answers = fc.array(fc.constantFrom('ready', 'not_ready', 'no_games', 'unknown', 'updated'), {
      minLength: 1,
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(answers, fc.boolean(), async (sequence, force) => {
        const context = createTestContext();
        const { work, run } = counting(context);
        for (const answer of sequence) {
          if (answer === 'ready') context.upstream.ready();
          if (answer === 'not_ready') context.upstream.notReady(['a row']);
          if (answer === 'no_games') context.upstream.noGames();
          if (answer === 'unknown') context.upstream.unknown();
          if (answer === 'updated') context.upstream.tableUpdated('nba_raw.boxscore', [day]);
          const before = work.extracted;
          const { status } = await run(force);
          expect(work.extracted - before).toBe(status === 'succeeded' ? 1 : 0);
          if (!['ready', 'updated'].includes(answer)) expect(work.extracted).toBe(before);
        }
      }),
      { numRuns: 40 },
    );
  });
});
