import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { expectNothingLeft, recordOf, watch, workOf } from '../../test/runs/look.ts';
import { Chore, day, key, range, Summary } from '../../test/runs/summary.ts';
import { createTestContext } from '../testing/index.ts';
import { succeeded } from './outcomes.ts';

describe('a run without a store', () => {
  it('fails before it works, and leaves circuit, sinks and upstream alone', async () => {
    const context = createTestContext();
    context.store.fail();
    const [result] = await context.clock.runUntil(new Summary(context).run(range));
    expect(result).toMatchObject({
      status: 'failed',
      reason: 'store_unavailable',
      errorKind: 'transient',
      recorded: false,
      steps: [],
    });
    expect(context.upstream.asked).toEqual([]);
    expect(context.sinks.first.written).toEqual([]);
    expect(context.store.calls.map(({ collection }) => collection)).toEqual(['work', 'work', 'work']);
    expectNothingLeft(context);
  });

  it('asks again for its claim when the answer is an error', async () => {
    const context = createTestContext();
    const unwatch = watch(context.store.calls, ({ collection, operation }) => {
      if (collection !== 'work' || operation !== 'put') return;
      unwatch();
      context.store.fail();
      context.clock.setTimer(1, () => context.store.recover());
    });
    const [result] = await context.clock.runUntil(new Summary(context).run(range));
    expect(result).toMatchObject({ status: 'succeeded', attempt: 1, recorded: true });
    expectNothingLeft(context);
  });

  it('waits ten seconds for one that hangs', async () => {
    const context = createTestContext();
    context.store.hang();
    const [result] = await context.clock.runUntil(new Summary(context).run(range));
    expect(result).toMatchObject({ status: 'failed', reason: 'store_unavailable', errorKind: 'timeout' });
    expect(context.clock.now()).toBe(10_000);
    expectNothingLeft(context);
  });

  it('does not work either when only its record can’t be written', async () => {
    const context = createTestContext();
    const unwatch = watch(context.store.calls, ({ collection, operation }) => {
      if (collection === 'runs' && operation === 'get') context.store.fail();
    });
    let worked = 0;
    const chore = new Chore(context, async (run) => {
      worked += 1;
      return succeeded(run);
    });
    const running = chore.run({ day });
    await context.clock.advance('1s');
    context.store.recover();
    unwatch();
    const [result] = await context.clock.runUntil(running);
    expect(result).toMatchObject({ status: 'failed', reason: 'store_unavailable', recorded: true });
    expect(await recordOf(context, result)).toMatchObject({
      status: 'failed',
      reason: 'store_unavailable',
    });
    expect(worked).toBe(0);
    expectNothingLeft(context);
  });

  it.each(['fail', 'hang'] as const)(
    'records its end when a store that came to %s is back in time',
    async (how) => {
      const context = createTestContext();
      const summary = new Summary(context, {
        load: async (_rows, _run, replace) => {
          const written = await replace();
          context.store[how]();
          return written;
        },
      });
      const running = summary.run(range);
      await context.clock.advance('25s');
      context.store.recover();
      const [result] = await context.clock.runUntil(running);
      expect(result).toMatchObject({ status: 'succeeded', recorded: true });
      expect(await recordOf(context, result)).toMatchObject({ status: 'succeeded' });
      expect(await workOf(context, key)).toMatchObject({ lease: null, done: { runId: result.runId } });
      expectNothingLeft(context);
    },
  );

  it.each(['fail', 'hang'] as const)(
    'gives its outcome, not recorded, when a store that came to %s stays away',
    async (how) => {
      const context = createTestContext();
      const summary = new Summary(context, {
        load: async (_rows, _run, replace) => {
          const written = await replace();
          context.store[how]();
          return written;
        },
      });
      const [result] = await context.clock.runUntil(summary.run(range));
      expect(result).toMatchObject({ status: 'succeeded', recorded: false });
      expect(context.clock.now()).toBeLessThanOrEqual(75_000);
      expect(context.logger.lines.at(-1)).toMatchObject({
        level: 'error',
        message: expect.stringContaining('the end of the run could not be recorded'),
        fields: { runId: result.runId },
      });
      expectNothingLeft(context);
      context.store.recover();
      // Who looks for the dead finds its claim.
      expect(await workOf(context, key)).toMatchObject({ lease: { runId: result.runId } });
    },
  );

  it('takes a release whose answer was lost for done', async () => {
    const context = createTestContext();
    const collection = context.store.collection.bind(context.store);
    context.store.collection = (definition) => {
      const records = collection(definition);
      return {
        ...records,
        put: async (key, value, options) => {
          const answer = await records.put(key, value, options);
          const released = definition.name === 'work' && (value as { lease: unknown }).lease === null;
          if (released && answer.ok) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
          return answer;
        },
      };
    };
    const [result] = await context.clock.runUntil(new Summary(context).run(range));
    expect(result).toMatchObject({ status: 'succeeded', recorded: true });
    expect(await workOf(context, key)).toMatchObject({ lease: null, done: { runId: result.runId } });
    expect(await recordOf(context, result)).toMatchObject({ status: 'succeeded' });
  });

  it('leaves a record that a newer release wrote as it is', async () => {
    const context = createTestContext();
    const newer = context.store.collection({ name: 'work', version: 2, schema: z.any() });
    const expires = context.clock.wallNow() + 3_600_000;
    await newer.put(key, { ours: false }, { ifVersion: undefined, expires });
    const [result] = await new Summary(context).run(range);
    expect(result).toMatchObject({ status: 'failed', reason: 'store_unavailable', errorKind: 'permanent' });
    expect(await newer.get(key)).toMatchObject({ entry: { value: { ours: false } } });
  });
});
