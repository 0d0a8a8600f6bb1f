import { describe, expect, it } from 'vitest';
import { never, recordOf, workOf } from '../../test/runs/look.ts';
import { key, range, Summary } from '../../test/runs/summary.ts';
import { readHealth } from '../heartbeat/index.ts';
import { defineProcessor } from '../processor/index.ts';
import { createTestContext, type TestContext } from '../testing/index.ts';
import { recoverDead, recoverHolders, recoverRun } from './recover.ts';

const { signal } = new AbortController();

/** A processor that may work for two hours, and whose claims therefore last as long. */
class Long extends Summary {
  static override readonly processor = defineProcessor({ ...Summary.processor, timeout: '2h' });
}

/** A process that starts a run of the key, and is gone: what it did is there, and it does nothing more. */
async function die(context: TestContext, date = range.startDate): Promise<{ runId: string }> {
  const gone = createTestContext({ seed: Math.floor(context.random() * 1_000_000) });
  await gone.clock.advance(context.clock.now());
  const { store, heartbeats } = context;
  void new Long({ ...gone, store, heartbeats }, { extract: never }).run({ startDate: date, endDate: date });
  await context.clock.advance(0);
  const { lease } = await workOf(context, key.replace(range.startDate, date));
  return { runId: lease?.runId as string };
}

const health = async ({ heartbeats, clock }: TestContext) =>
  (await clock.runUntil(readHealth({ sinks: heartbeats.sinks, clock }))).runs;

describe('recoverDead', () => {
  it('records a silent run as failed, gives its claim away, and has its work started again', async () => {
    const context = createTestContext();
    const dead = await die(context);
    await context.clock.advance('16m');
    expect(await recoverDead(context, await health(context))).toEqual([{ key, runId: dead.runId }]);
    expect(await recordOf(context, dead)).toMatchObject({ status: 'failed', reason: 'stale_heartbeat' });
    expect(await workOf(context, key)).toMatchObject({
      lease: null,
      parked: { reason: 'stale_heartbeat', attempts: 1, wake: 'time' },
    });
    expect(await recoverDead(context, await health(context))).toEqual([]);
    expect(await new Summary(context).run(range)).toMatchObject([{ status: 'succeeded', attempt: 2 }]);
  });

  it('leaves runs alone that are healthy, stale, unknown or ended', async () => {
    const context = createTestContext();
    const run = await die(context);
    for (const wait of ['1m', '5m']) {
      await context.clock.advance(wait);
      expect(await recoverDead(context, await health(context))).toEqual([]);
    }
    await context.clock.advance('1h');
    context.sinks.second.fail();
    const unknown = await health(context);
    expect(unknown).toMatchObject([{ health: 'unknown' }]);
    expect(await recoverDead(context, unknown)).toEqual([]);
    expect(await recordOf(context, run)).toMatchObject({ status: 'running' });
    expect(await workOf(context, key)).toMatchObject({ lease: run });
  });

  it('never touches a run that has the key by now', async () => {
    const context = createTestContext();
    const first = await die(context);
    await context.clock.advance('16m');
    const seen = await health(context);
    await recoverRun(context, { key, runId: first.runId, reason: 'stale_heartbeat' }, signal);
    const second = await die(context);
    // What was seen before is acted upon only now.
    expect(await recoverDead(context, seen)).toEqual([]);
    expect(await recordOf(context, second)).toMatchObject({ status: 'running' });
    expect(await workOf(context, key)).toMatchObject({ lease: second });
  });

  it('goes by the fence as well as by the id', async () => {
    const context = createTestContext();
    const run = await die(context);
    const { fence } = await workOf(context, key);
    const dead = { key, runId: run.runId, reason: 'stale_heartbeat' } as const;
    expect(await recoverRun(context, { ...dead, fence: fence - 1 }, signal)).toBe(false);
    expect(await workOf(context, key)).toMatchObject({ lease: run });
    expect(await recordOf(context, run)).toMatchObject({ status: 'running' });
    expect(await recoverRun(context, { ...dead, fence }, signal)).toBe(true);
  });
});

describe('recoverHolders', () => {
  it('recovers the runs of processes that are gone, each for its reason', async () => {
    const context = createTestContext();
    const [one, two] = [await die(context, '2026-01-14'), await die(context, '2026-01-15')];
    const recovered = await recoverHolders(context, ({ runId, instance }) => {
      expect(instance).toBe('test');
      return runId === two.runId ? 'event_loop_blocked' : undefined;
    });
    expect(recovered).toMatchObject([{ runId: two.runId, reason: 'event_loop_blocked' }]);
    expect(await recordOf(context, one)).toMatchObject({ status: 'running' });
    expect(await recordOf(context, two)).toMatchObject({ status: 'timed_out', reason: 'event_loop_blocked' });
  });
});
