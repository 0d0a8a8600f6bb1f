import { describe, expect, it } from 'vitest';
import { expectNothingLeft, never, recordOf } from '../../test/runs/look.ts';
import { Chore, day, key, range, Summary } from '../../test/runs/summary.ts';
import { LostLeaseError } from '../errors/index.ts';
import { circuitStore } from '../store/index.ts';
import { createTestContext, type TestContext } from '../testing/index.ts';
import { defineProcessor } from './definition.ts';
import { failed, succeeded } from './outcomes.ts';
import type { RunResult } from './run-result.ts';
import { withCircuitBreaker } from './with-circuit-breaker.ts';

class GuardedChore extends withCircuitBreaker(Chore) {}

const broken = new Error('broken');
const failing = (context: TestContext) => new Summary(context, { extract: () => Promise.reject(broken) });

async function times<T>(count: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let time = 0; time < count; time++) results.push(await work());
  return results;
}

const circuitOf = async ({ store }: TestContext, circuit = `processor/${key}`) =>
  (await circuitStore(store).read(circuit, { signal: new AbortController().signal })).record;

describe('withCircuitBreaker', () => {
  it('opens after five failures of a key, though every instance does one run and dies', async () => {
    const context = createTestContext();
    // A new processor, and a context of its own on the same store, for each run.
    const instance = () => ({ ...context, config: { ...context.config, instance: `${context.random()}` } });
    const results = await times(6, async () => (await failing(instance()).run(range))[0]);
    expect(results.map(({ status, reason }) => `${status} ${reason}`)).toEqual([
      ...Array(5).fill('failed extract_failed'),
      'skipped circuit_open',
    ]);
    expect(results[5]).toMatchObject({ retryAfter: 1_800_000, missing: [], recorded: true });
    expect(await recordOf(context, results[5] as RunResult)).toMatchObject({ reason: 'circuit_open' });
    expect(context.logger.lines.map(({ message }) => message)).toEqual([
      `circuit processor/${key} went from closed to open`,
    ]);
    expectNothingLeft(context);
  });

  it('keeps the run from its upstream and its work while it is open, and other dates free', async () => {
    const context = createTestContext();
    await times(5, () => failing(context).run(range));
    const asked = context.upstream.asked.length;
    expect(await new Summary(context).run(range)).toMatchObject([{ reason: 'circuit_open' }]);
    expect(context.upstream.asked).toHaveLength(asked);
    const other = { startDate: '2026-01-14', endDate: '2026-01-14' };
    expect(await new Summary(context).run(other)).toMatchObject([{ status: 'succeeded' }]);
  });

  it('counts a time-out as a failure', async () => {
    const context = createTestContext();
    const hanging = new Summary(context, { extract: never });
    const results = await times(5, () => context.clock.runUntil(hanging.run(range)));
    expect(results).toMatchObject(Array(5).fill([{ status: 'timed_out' }]));
    expect(await hanging.run(range)).toMatchObject([{ reason: 'circuit_open' }]);
  });

  it('counts a throw past every outcome as a failure', async () => {
    const context = createTestContext();
    const chore = new GuardedChore(context, () => Promise.reject(broken));
    await times(5, () => chore.run({ day }));
    expect(await chore.run({ day })).toMatchObject([{ reason: 'circuit_open' }]);
  });

  it('starts counting anew after a success', async () => {
    const context = createTestContext();
    await times(4, () => failing(context).run(range));
    expect(await circuitOf(context)).toMatchObject({ failures: 4 });
    await new Summary(context).run(range);
    expect(await circuitOf(context)).toMatchObject({ failures: 0 });
    await times(4, () => failing(context).run(range));
    expect(await new Summary(context).run(range, { force: true })).toMatchObject([{ status: 'succeeded' }]);
  });

  it('counts no skip, no unknown, no cancellation, no lost lease and no absence of the store', async () => {
    const context = createTestContext();
    await times(4, () => failing(context).run(range));
    const before = await circuitOf(context);

    context.upstream.notReady(['6 of 8 games final']);
    expect(await new Summary(context).run(range)).toMatchObject([{ reason: 'upstream_not_ready' }]);
    context.upstream.unknown();
    expect(await new Summary(context).run(range)).toMatchObject([{ reason: 'upstream_unknown' }]);
    context.upstream.noGames();
    expect(await new Summary(context).run(range)).toMatchObject([{ reason: 'no_games' }]);
    context.upstream.ready();

    const caller = new AbortController();
    const cancelled = new Summary(context, { extract: never }).run(range, { signal: caller.signal });
    await context.clock.advance('1s');
    caller.abort();
    expect(await context.clock.runUntil(cancelled)).toMatchObject([{ status: 'cancelled' }]);

    const lost = new Summary(context, { load: () => Promise.reject(new LostLeaseError('older')) });
    expect(await lost.run(range)).toMatchObject([{ reason: 'lost_lease' }]);

    context.store.fail();
    const unrecorded = await context.clock.runUntil(new Summary(context).run(range));
    expect(unrecorded).toMatchObject([{ reason: 'store_unavailable' }]);
    context.store.recover();

    expect(await circuitOf(context)).toEqual(before);
  });

  it('lets one probe in when its time is up, and closes when that succeeds', async () => {
    const context = createTestContext();
    await times(5, () => failing(context).run(range));
    await context.clock.advance('30m');
    expect(await failing(context).run(range)).toMatchObject([{ reason: 'extract_failed' }]);
    expect(await new Summary(context).run(range)).toMatchObject([{ reason: 'circuit_open' }]);
    await context.clock.advance('30m');
    expect(await new Summary(context).run(range)).toMatchObject([{ status: 'succeeded' }]);
    expect(await circuitOf(context)).toMatchObject({ state: 'closed', failures: 0 });
  });

  it('gives the probe’s place back when the run is skipped, so that the next may try', async () => {
    const context = createTestContext();
    await times(5, () => failing(context).run(range));
    await context.clock.advance('30m');
    context.upstream.notReady(['nothing yet']);
    expect(await new Summary(context).run(range)).toMatchObject([{ reason: 'upstream_not_ready' }]);
    expect(await circuitOf(context)).toMatchObject({ state: 'half-open', probes: [] });
    context.upstream.ready();
    expect(await new Summary(context).run(range)).toMatchObject([{ status: 'succeeded' }]);
  });

  it('takes a probe that died with its process for failed, once its claim would have ended', async () => {
    const context = createTestContext();
    await times(5, () => failing(context).run(range));
    await context.clock.advance('30m');
    const gone = createTestContext({ seed: 2 });
    const dying = { ...gone, store: context.store };
    void new Summary(dying, { extract: never }).run(range);
    await context.clock.advance(0);
    const [probe] = (await circuitOf(context))?.probes ?? [];
    expect(probe?.expires).toBe(context.clock.wallNow() + 690_000);
    await context.clock.advance('12m');
    expect(await new Summary(context).run(range)).toMatchObject([{ reason: 'circuit_open' }]);
  });

  it('takes the processor’s own settings before the context’s', async () => {
    class Touchy extends GuardedChore {
      static override readonly processor = defineProcessor({
        name: 'Touchy',
        sport: 'nba',
        output: 'nba_ops.touchy',
        circuit: { failures: 1, openFor: '4h' },
      });
    }
    const context = createTestContext({ config: { circuit: { failures: 2, openFor: '1m' } } });
    const touchy = new Touchy(context, () => Promise.reject(broken));
    await touchy.run({ day });
    expect(await touchy.run({ day })).toMatchObject([{ reason: 'circuit_open', retryAfter: 14_400_000 }]);
    const chore = new GuardedChore(context, () => Promise.reject(broken));
    await times(2, () => chore.run({ day }));
    expect(await chore.run({ day })).toMatchObject([{ reason: 'circuit_open', retryAfter: 60_000 }]);
  });

  it('lets a run that has its claim work on when the store goes away, and says that nothing was counted', async () => {
    const context = createTestContext();
    let worked = 0;
    const chore = new GuardedChore(context, async (run) => {
      worked += 1;
      context.store.fail();
      return failed(run, 'load_failed', broken);
    });
    const running = chore.run({ day });
    await context.clock.advance('1s');
    context.store.recover();
    expect(await context.clock.runUntil(running)).toMatchObject([{ reason: 'load_failed' }]);
    expect(worked).toBe(1);
    expect(context.logger.lines).toMatchObject([
      { level: 'warn', message: expect.stringContaining('could not be kept: the store is away') },
    ]);
    expect(await circuitOf(context, 'processor/nba_ops.chore/2026-01-15')).toBeUndefined();
    expectNothingLeft(context);
  });

  it('costs a healthy run no write', async () => {
    const context = createTestContext();
    await new GuardedChore(context, async (run) => succeeded(run)).run({ day });
    expect(context.store.calls.filter(({ collection }) => collection === 'circuits')).toEqual([
      { operation: 'get', collection: 'circuits', key: 'processor/nba_ops.chore/2026-01-15' },
    ]);
  });
});
