import { describe, expect, it } from 'vitest';
import { never, recordOf, workOf } from '../../test/runs/look.ts';
import { key, range, Summary } from '../../test/runs/summary.ts';
import { readHealth } from '../heartbeat/index.ts';
import { defineProcessor, processorCircuit } from '../processor/index.ts';
import type { Store } from '../store/index.ts';
import { createTestContext, type TestContext } from '../testing/index.ts';
import { createDispatcher } from './dispatcher.ts';
import { createOperations } from './operations.ts';
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
    expect(await recoverRun(context, { ...dead, fence: fence - 1 }, signal)).toBeUndefined();
    expect(await workOf(context, key)).toMatchObject({ lease: run });
    expect(await recordOf(context, run)).toMatchObject({ status: 'running' });
    expect(await recoverRun(context, { ...dead, fence }, signal)).toBe('dead');
  });
});

describe('a run whose end could not be recorded', () => {
  /** Runs until the store goes away at the end of its work; then the store is back, and the claim is over. */
  async function unrecorded(work: () => Promise<never> | undefined, silence = false) {
    const context = createTestContext();
    let extracted = 0;
    const summary = new Summary(context, {
      extract: async () => {
        extracted++;
        context.store.fail();
        await work();
        return [{ game_date: range.startDate, points: 1 }];
      },
    });
    const [result] = await context.clock.runUntil(summary.run(range));
    expect(result).toMatchObject({ recorded: false });
    context.store.recover();
    if (silence) for (const sink of [context.sinks.first, context.sinks.second]) sink.fail();
    await context.clock.advance('15m');
    const dispatcher = createDispatcher({ processors: [Summary], context });
    const sweep = () => context.clock.runUntil(dispatcher.sweep());
    return { context, result, sweep, extracted: () => extracted };
  }
  const circuitOf = (context: TestContext) =>
    processorCircuit(context, { definition: Summary.processor, key }).snapshot();

  it('is recorded as the success that its last heartbeat tells, and not done again', async () => {
    const { context, result, sweep, extracted } = await unrecorded(() => undefined);
    expect(await recordOf(context, result)).toMatchObject({ status: 'running' });
    expect(await sweep()).toMatchObject({ recovered: [key], results: [] });
    expect(await recordOf(context, result)).toMatchObject({
      status: 'succeeded',
      reason: 'done',
      error: null,
    });
    expect(await workOf(context, key)).toMatchObject({ lease: null, parked: null, done: null });
    expect(await circuitOf(context)).toBeUndefined();
    await context.clock.advance('1h');
    await sweep();
    expect(extracted()).toBe(1);
  });

  it('is looked at once more where a trigger came meanwhile', async () => {
    const context = createTestContext();
    const { store, heartbeats } = context;
    const going = new Summary(
      { ...createTestContext(), clock: context.clock, store, heartbeats },
      { extract: async () => [{ game_date: range.startDate, points: 1 }] },
    );
    // Dies between record and release: the record says what became of it.
    const collection = store.collection.bind(store);
    store.collection = (definition) => {
      const records = collection(definition);
      if (definition.name !== 'work') return records;
      return {
        ...records,
        put: (key, value, how) => (isEnd(value) ? never() : records.put(key, value, how)),
      };
    };
    const isEnd = (value: unknown) => (value as { lease: unknown }).lease === null;
    void going.run(range);
    await context.clock.advance('1s');
    await context.clock.runUntil(new Summary(context).run(range));
    store.collection = collection;
    const { lease } = await workOf(context, key);
    expect(lease).toMatchObject({ again: true });
    const dead = { key, runId: lease?.runId as string, reason: 'stale_heartbeat' } as const;
    expect(await recoverRun(context, dead, signal)).toBe('done');
    expect(await workOf(context, key)).toMatchObject({
      lease: null,
      parked: { reason: 'again' },
      done: { runId: lease?.runId, rows: 1 },
    });
    // Nothing is new: what it had done is known.
    const dispatcher = createDispatcher({ processors: [Summary], context });
    expect((await context.clock.runUntil(dispatcher.sweep())).results).toMatchObject([
      { status: 'skipped', reason: 'already_done' },
    ]);
  });

  it('is recorded as its last heartbeat tells, and done again, where it did not succeed', async () => {
    const { context, result, sweep } = await unrecorded(() => Promise.reject(new Error('odd')));
    expect(await sweep()).toMatchObject({ recovered: [key] });
    expect(await recordOf(context, result)).toMatchObject({
      status: 'failed',
      reason: null,
      error: { message: 'Its end could not be recorded; its last heartbeat told it' },
    });
    expect(await circuitOf(context)).toMatchObject({ state: 'closed' });
  });

  it('counts as dead when no heartbeat can be read', async () => {
    const { context, result, sweep } = await unrecorded(() => undefined, true);
    expect(await sweep()).toMatchObject({ recovered: [key] });
    expect(await recordOf(context, result)).toMatchObject({ status: 'failed', reason: 'stale_heartbeat' });
  });
});

describe('a sweep', () => {
  const sweeping = (context: TestContext) => {
    const dispatcher = createDispatcher({ processors: [Long], context });
    return () => context.clock.runUntil(dispatcher.sweep());
  };

  it('recovers a run that the monitor calls dead, long before its claim ends, and counts it as failed', async () => {
    const context = createTestContext();
    const sweep = sweeping(context);
    const dead = await die(context);
    let minutes = 0;
    for (let recovered = 0; recovered === 0 && minutes < 60; minutes++) {
      await context.clock.advance('1m');
      recovered = (await sweep()).recovered.length;
    }
    expect(minutes).toBeGreaterThan(14);
    expect(minutes).toBeLessThan(25);
    expect(await recordOf(context, dead)).toMatchObject({ status: 'failed', reason: 'stale_heartbeat' });
    expect((await workOf(context, key)).done).not.toBeNull();
  });

  it('recovers what died together with one reading of the heartbeats', async () => {
    const context = createTestContext();
    for (const day of ['13', '14', '15']) await die(context, `2026-01-${day}`);
    await context.clock.advance('1d');
    let reads = 0;
    const { first } = context.sinks;
    const read = first.read.bind(first);
    first.read = (call) => {
      reads++;
      return read(call);
    };
    expect((await sweeping(context)()).recovered).toHaveLength(3);
    expect(reads).toBe(1);
  });

  it('reads no heartbeats while no run is old enough, and then every five minutes', async () => {
    const context = createTestContext();
    const sweep = sweeping(context);
    let reads = 0;
    const { first } = context.sinks;
    const read = first.read.bind(first);
    first.read = (call) => {
      reads++;
      return read(call);
    };
    const living = new Long(context, { extract: never }).run(range);
    const sweepFor = async (minutes: number) => {
      for (let tick = 0; tick < minutes; tick++) {
        await context.clock.advance('1m');
        expect((await sweep()).recovered).toEqual([]);
      }
    };
    await sweepFor(14);
    expect(reads).toBe(0);
    await sweepFor(30);
    expect(reads).toBeGreaterThanOrEqual(5);
    expect(reads).toBeLessThanOrEqual(7);
    expect(await context.clock.runUntil(living)).toMatchObject([{ status: 'timed_out' }]);
  });
});

describe('recoverRun', () => {
  const recover = (context: TestContext, runId: string) =>
    recoverRun(context, { key, runId, reason: 'stale_heartbeat' }, signal);

  it('records a run that died before it could: its own record, coming late, makes none that runs for ever', async () => {
    const context = createTestContext();
    const late = Promise.withResolvers<void>();
    const runs: Store = {
      collection(definition) {
        const records = context.store.collection(definition);
        if (definition.name !== 'runs') return records;
        return {
          ...records,
          get: (key, call) => records.get(key, call),
          put: async (key, value, options) => {
            await late.promise;
            return records.put(key, value, { ...options, signal: undefined });
          },
        };
      },
    };
    const running = new Summary({ ...context, store: runs }).run(range);
    await context.clock.advance(0);
    const { lease } = await workOf(context, key);
    const run = { runId: lease?.runId as string };
    expect(await recover(context, run.runId)).toBe('dead');
    late.resolve();
    expect(await running).toMatchObject([{ status: 'failed', reason: 'lost_lease', recorded: true }]);
    expect(await recordOf(context, run)).toMatchObject({
      status: 'failed',
      reason: 'stale_heartbeat',
      processor: 'Summary',
      sport: 'nba',
      attempt: 1,
      host: 'test',
    });
  });

  it('starts nothing again that an operator has cancelled, dead though it was', async () => {
    const context = createTestContext();
    const dead = await die(context);
    await context.clock.advance('1d');
    expect(await createOperations(context).cancel(key)).toBe('running');
    expect(await recover(context, dead.runId)).toBe('dead');
    expect(await workOf(context, key)).toMatchObject({ lease: null, parked: null });
  });

  it('does not lose the trigger that came during the last of too many attempts', async () => {
    const context = createTestContext({ config: { parking: { attempts: 1 } } });
    const dead = await die(context);
    expect(await new Summary(context).run(range)).toMatchObject([{ reason: 'already_running' }]);
    expect(await recover(context, dead.runId)).toBe('dead');
    expect(await workOf(context, key)).toMatchObject({ lease: null, parked: { reason: 'again' } });
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
