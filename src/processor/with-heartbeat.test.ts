import { describe, expect, it } from 'vitest';
import { expectNothingLeft, never } from '../../test/runs/look.ts';
import { Chore, day, key, range, Summary } from '../../test/runs/summary.ts';
import { readHealth } from '../heartbeat/index.ts';
import { sleep } from '../time/index.ts';
import { createTestContext } from '../testing/index.ts';
import { succeeded } from './outcomes.ts';
import { withHeartbeat } from './with-heartbeat.ts';
import { withTimeout } from './with-timeout.ts';

class BeatingChore extends withHeartbeat(Chore) {}

describe('withHeartbeat', () => {
  it('tells from start to end who is at work, at which step, and how far', async () => {
    const context = createTestContext({ config: { version: '1.2.3', host: 'host-7' } });
    const chore = new BeatingChore(context, (run) =>
      run.step('count', async () => {
        run.progress(3, 8, 'game 3');
        await sleep(run.clock, 150_000);
        run.progress(8, 8);
        return succeeded(run);
      }),
    );
    const running = chore.run({ day });
    await context.clock.advance(0);
    const { beats } = seen(context);
    expect(beats()).toMatchObject([
      { status: 'running', sequence: 1, step: null, progress: null, host: 'host-7', version: '1.2.3' },
    ]);
    const [result] = await context.clock.runUntil(running);
    expect(beats()).toMatchObject([
      { sequence: 1 },
      // The step, as soon as it may be told; then every minute or so; then the end.
      { sequence: 2, status: 'running', step: 'count', progress: { done: 3, total: 8, message: 'game 3' } },
      { sequence: 3, status: 'running', step: 'count' },
      { sequence: 4, status: 'running', step: 'count' },
      { sequence: 5, status: 'succeeded', step: 'count', progress: { done: 8, total: 8, message: null } },
    ]);
    for (const beat of beats())
      expect(beat).toMatchObject({
        runId: result.runId,
        processor: 'Chore',
        key: 'nba_ops.chore/2026-01-15',
        fence: context.clock.wallNow() - 150_000,
        started: '2026-01-16T09:00:00.000Z',
      });
    expectNothingLeft(context);
  });

  it.each([
    ['failed', 'extract_failed', () => Promise.reject(new Error('broken'))],
    ['timed_out', 'deadline', never],
  ])('says at its end that a run has %s', async (status, reason, extract) => {
    const context = createTestContext();
    const [result] = await context.clock.runUntil(new Summary(context, { extract }).run(range));
    expect(result).toMatchObject({ status, reason });
    expect(seen(context).beats().at(-1)).toMatchObject({ status, key });
    expectNothingLeft(context);
  });

  it('says so of a run that throws past every outcome, and of one that is skipped', async () => {
    const context = createTestContext();
    await new BeatingChore(context, () => Promise.reject(new Error('broken'))).run({ day });
    expect(seen(context).beats().at(-1)).toMatchObject({ status: 'failed' });
    context.upstream.notReady(['nothing yet']);
    await new Summary(context).run(range);
    expect(seen(context).beats().at(-1)).toMatchObject({ status: 'skipped', key });
  });

  it('goes to the second sink when the first does not take a beat', async () => {
    const context = createTestContext();
    context.sinks.first.fail();
    await new BeatingChore(context).run({ day });
    expect(context.heartbeats.statistics()).toMatchObject({ delivered: { first: 0, second: 2 }, lost: 0 });
    const { runs } = await readHealth({ sinks: [context.sinks.second], clock: context.clock });
    expect(runs).toMatchObject([{ health: 'ended', beat: { status: 'succeeded' } }]);
  });

  it('never fails a run, nor delays its work, though every sink hangs: the beats are counted as lost', async () => {
    const context = createTestContext();
    const { first, second } = context.sinks;
    first.hang();
    second.hang();
    let worked: number | undefined;
    const chore = new BeatingChore(context, async (run) => {
      worked = run.clock.now();
      return succeeded(run);
    });
    const [result] = await context.clock.runUntil(chore.run({ day }));
    expect(result).toMatchObject({ status: 'succeeded' });
    expect(worked).toBe(0);
    expect(context.clock.now()).toBeLessThanOrEqual(10_000);
    expect(context.heartbeats.statistics()).toMatchObject({ lost: 2 });
    expect(context.logger.lines.filter(({ level }) => level === 'error')).toHaveLength(2);
    expectNothingLeft(context);
  });

  it('logs, once a run, beats that could not even be handed over', async () => {
    const context = createTestContext();
    const heartbeats = { ...context.heartbeats, send: () => Promise.reject(new Error('a broken chain')) };
    const [result] = await new BeatingChore({ ...context, heartbeats }).run({ day });
    expect(result.status).toBe('succeeded');
    expect(context.logger.lines).toMatchObject([
      { level: 'error', fields: { runId: result.runId, error: { message: 'a broken chain' } } },
    ]);
  });

  it('tells the event loop’s lag where a watchdog measures it', async () => {
    const context = createTestContext();
    const lags = [250, 0];
    const watchdog = { lag: () => lags.shift() ?? 0, guard: () => ({ [Symbol.dispose]: () => {} }) };
    await new BeatingChore({ ...context, watchdog }).run({ day });
    expect(seen(context).beats()).toMatchObject([{ lag: 250 }, { lag: 0 }]);
  });

  it('lets a run that hangs be seen as alive and stuck, and its end be told by its time-out', async () => {
    class Bounded extends withHeartbeat(withTimeout(Chore)) {}
    const context = createTestContext();
    const running = new Bounded(context, (run) => run.step('wait', never)).run({ day });
    await context.clock.advance('8m');
    const sinks = [context.sinks.first, context.sinks.second];
    const { runs } = await readHealth({ sinks, clock: context.clock });
    expect(runs).toMatchObject([{ health: 'healthy', sinceProgress: 480_000, beat: { step: 'wait' } }]);
    await context.clock.runUntil(running);
    expect((await readHealth({ sinks, clock: context.clock })).runs).toMatchObject([
      { health: 'ended', beat: { status: 'timed_out' } },
    ]);
  });
});

function seen({ sinks }: ReturnType<typeof createTestContext>) {
  return { beats: () => sinks.first.written };
}
