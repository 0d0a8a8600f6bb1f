import { describe, expect, it, vi } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.ts';
import {
  type CircuitBreakerEvent,
  circuitBreaker,
  consecutiveFailures,
  failureRate,
  slowCalls,
} from './index.ts';
import { hanging, transient } from '../../test/policies/operations.ts';

describe('circuit breaker', () => {
  function setUp(options: Partial<Parameters<typeof circuitBreaker>[0]> = {}) {
    const clock = new VirtualClock();
    const events: CircuitBreakerEvent[] = [];
    const breaker = circuitBreaker({
      name: 'odds-api',
      trip: consecutiveFailures(3),
      openFor: '5m',
      probes: 2,
      clock,
      on: (event) => events.push(event),
      ...options,
    });
    const fail = () => breaker.executeOutcome(() => Promise.reject(transient()));
    const open = async () => {
      for (let call = 0; call < 3; call++) await fail();
    };
    return { clock, breaker, events, fail, open };
  }

  it('opens after as many failures in a row as it says, and rejects with the time to wait', async () => {
    const { clock, breaker, fail, open } = setUp();
    await fail();
    await fail();
    await breaker.execute(() => 1);
    await fail();
    await fail();
    expect(breaker.state).toBe('closed');
    breaker.reset();
    await open();
    expect(breaker.state).toBe('open');
    await clock.advance('1m');
    await expect(breaker.execute(() => 1)).rejects.toMatchObject({
      name: 'CircuitOpenError',
      retryAfter: 240_000,
    });
  });

  it('admits no more probes at once than it says, and closes after as many successes', async () => {
    const { clock, breaker, open } = setUp();
    await open();
    await clock.advance('5m');
    const gate = Promise.withResolvers<void>();
    const operation = vi.fn(() => gate.promise);
    const calls = Array.from({ length: 500 }, () => breaker.executeOutcome(operation));
    gate.resolve();
    const outcomes = await Promise.all(calls);
    expect(operation).toHaveBeenCalledTimes(2);
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(2);
    expect(breaker.state).toBe('closed');
  });

  it('counts probes of an older epoch that are still at work, until they end or their time is up', async () => {
    const { clock, breaker, fail, open } = setUp({ openFor: '1s', probeTimeout: '30s' });
    await open();
    await clock.advance('1s');
    const slow = Promise.withResolvers<number>();
    void breaker.executeOutcome(() => slow.promise);
    await fail();
    await clock.advance('1s');
    void breaker.executeOutcome(hanging);
    expect(await breaker.executeOutcome(() => 1)).toMatchObject({ error: { retryAfter: 29_000 } });
    slow.resolve(1);
    await clock.advance(0);
    await expect(breaker.execute(() => 1)).resolves.toBe(1);
  });

  it('ignores the late result of an older epoch', async () => {
    const { clock, breaker, open } = setUp();
    const slow = Promise.withResolvers<number>();
    const early = breaker.execute(() => slow.promise);
    await open();
    await clock.advance('5m');
    slow.resolve(1);
    await early;
    expect(breaker.state).toBe('open');
  });

  it('reopens when a probe hangs past its time, and blocks nobody for ever', async () => {
    const { clock, breaker, open } = setUp({ probes: 1, probeTimeout: '30s' });
    await open();
    await clock.advance('5m');
    void breaker.executeOutcome(() => new Promise(() => {}));
    expect(breaker.state).toBe('half-open');
    await clock.advance('30s');
    expect(breaker.state).toBe('open');
    await clock.advance('5m');
    await expect(breaker.execute(() => 1)).resolves.toBe(1);
    expect(breaker.state).toBe('closed');
  });

  it("gives a cancelled probe's place back", async () => {
    const { clock, breaker, open } = setUp({ probes: 1 });
    await open();
    await clock.advance('5m');
    const caller = new AbortController();
    const probe = breaker.executeOutcome(() => new Promise(() => {}), { signal: caller.signal });
    caller.abort('enough');
    expect(await probe).toMatchObject({ ok: false, error: 'enough', kind: 'cancelled' });
    expect(breaker.state).toBe('half-open');
    await expect(breaker.execute(() => 1)).resolves.toBe(1);
    expect(breaker.state).toBe('closed');
  });

  it('does not count what the caller or another policy of ours did', async () => {
    const { breaker } = setUp();
    for (let call = 0; call < 9; call++) {
      await breaker.executeOutcome(() => Promise.reject(new DOMException('stop', 'AbortError')));
      await breaker.executeOutcome(() => Promise.reject(new TypeError('wrong')));
    }
    expect(breaker.state).toBe('closed');
  });

  it('stays isolated until the last hold is let go', () => {
    const { breaker } = setUp();
    const first = breaker.isolate();
    const second = breaker.isolate();
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect(breaker.state).toBe('isolated');
    second[Symbol.dispose]();
    expect(breaker.state).toBe('closed');
  });

  it('gives a snapshot that shares nothing, and an isolated one comes back without an owner as open', async () => {
    const { clock, breaker } = setUp();
    const hold = breaker.isolate();
    const snapshot = breaker.snapshot();
    hold[Symbol.dispose]();
    breaker.restore(snapshot);
    expect(breaker.state).toBe('open');
    await clock.advance('5m');
    await breaker.execute(() => 1);
    expect(snapshot.state).toBe('isolated');
  });

  it('half-opens at once when told that what it protects is ready', async () => {
    const { breaker, open } = setUp({ probes: 1 });
    await open();
    breaker.ready();
    await expect(breaker.execute(() => 1)).resolves.toBe(1);
    expect(breaker.state).toBe('closed');
  });

  it('is not moved by a wall clock that steps', async () => {
    const { clock, breaker, open } = setUp();
    await open();
    clock.stepWall('-1h');
    await clock.advance('5m');
    await expect(breaker.execute(() => 1)).resolves.toBe(1);
  });

  it('does its work though its listener throws', async () => {
    const reported = vi.spyOn(console, 'error').mockImplementation(() => {});
    const { breaker, open } = setUp({
      on: () => {
        throw new Error('listener');
      },
    });
    await open();
    expect(breaker.state).toBe('open');
    expect(reported).toHaveBeenCalled();
    reported.mockRestore();
  });

  it('opens on a failure rate, whose window moves by time also while nobody calls', async () => {
    const trip = failureRate({ threshold: 0.5, window: '10s', minimumCalls: 4 });
    const { clock, breaker, fail } = setUp({ trip });
    await fail();
    await fail();
    await fail();
    await clock.advance('1d');
    await fail();
    expect(breaker.state).toBe('closed');
    clock.stepWall('-1h');
    await fail();
    await fail();
    await fail();
    expect(breaker.state).toBe('open');
  });

  it('opens on slow calls while they still hang, and leaves no timer', async () => {
    const trip = slowCalls({ threshold: 1, slowerThan: '2s', minimumCalls: 2 });
    const { clock, breaker } = setUp({ trip });
    const gate = Promise.withResolvers<void>();
    const calls = [breaker.execute(() => gate.promise), breaker.execute(() => gate.promise)];
    await clock.advance(1_999);
    expect(breaker.state).toBe('closed');
    await clock.advance(1);
    expect(breaker.state).toBe('open');
    gate.resolve();
    await Promise.all(calls);
    expect(breaker.state).toBe('open');
    expect(clock.pendingTimers).toBe(0);
  });

  it('stays open longer with each reopening, up to its cap and with jitter, and forgets that in quiet times', async () => {
    const { clock, breaker, fail, open } = setUp({
      probes: 1,
      openFor: { base: '10s', cap: '60s', factor: 2, jitter: 0.5, quiet: '5m' },
      random: () => 0.5,
    });
    const openTime = () => (breaker.snapshot().openUntil as number) - clock.now();
    await open();
    const times = [openTime()];
    for (let reopening = 0; reopening < 4; reopening++) {
      await clock.advance(openTime());
      await fail();
      times.push(openTime());
    }
    expect(times).toEqual([12_500, 25_000, 50_000, 75_000, 75_000]);
    await clock.advance(openTime());
    await breaker.execute(() => 1);
    await clock.advance('10m');
    await open();
    expect(openTime()).toBe(25_000);
    breaker.reset();
    await open();
    expect(openTime()).toBe(12_500);
  });

  it('counts the quiet time before an isolation', async () => {
    const { clock, breaker, fail, open } = setUp({
      probes: 1,
      openFor: { base: '10s', cap: '1h', factor: 2, jitter: 0, quiet: '5m' },
    });
    const openTime = () => (breaker.snapshot().openUntil as number) - clock.now();
    await open();
    await clock.advance(openTime());
    await fail();
    expect(openTime()).toBe(20_000);
    await clock.advance(openTime());
    await breaker.execute(() => 1);
    await clock.advance('10m');
    breaker.isolate()[Symbol.dispose]();
    await open();
    expect(openTime()).toBe(10_000);
  });

  it('keeps its growth, and the time left, through a snapshot into another process', async () => {
    const { clock, breaker, open } = setUp();
    await clock.advance('30d');
    await open();
    const younger = setUp();
    younger.breaker.restore(JSON.parse(JSON.stringify(breaker.snapshot())));
    expect(younger.breaker.state).toBe('open');
    await younger.clock.advance('5m');
    await expect(younger.breaker.execute(() => 1)).resolves.toBe(1);
  });

  it('ignores, once a snapshot has taken its place, what was under way before', async () => {
    for (const cycles of [0, 3]) {
      const { breaker, clock, fail, open } = setUp({ trip: consecutiveFailures(1), probes: 1 });
      const early = Promise.withResolvers<number>();
      const call = breaker.executeOutcome(() => early.promise);
      const closed = setUp().breaker.snapshot();
      for (let cycle = 0; cycle < cycles; cycle++) {
        await open();
        await clock.advance('5m');
        await breaker.execute(() => 1);
      }
      breaker.restore(closed);
      early.reject(transient());
      await call;
      expect(breaker.state).toBe('closed');
      await fail();
      expect(breaker.state).toBe('open');
    }
  });

  it('tells of the change of state that a snapshot brings, and of none that brings none', async () => {
    const events: unknown[] = [];
    const { breaker, open } = setUp({ on: (event) => events.push(event) });
    const closed = breaker.snapshot();
    breaker.restore(closed);
    expect(events).toEqual([]);
    await open();
    breaker.restore(closed);
    expect(events).toMatchObject([
      { kind: 'moved', from: 'closed', to: 'open' },
      { kind: 'moved', from: 'open', to: 'closed' },
    ]);
  });

  it('says, when all probes are at work, by when the first of them must have ended', async () => {
    const { breaker, clock, open } = setUp({ probes: 2, probeTimeout: '30s' });
    await open();
    await clock.advance('5m');
    void breaker.executeOutcome(hanging);
    await clock.advance('10s');
    void breaker.executeOutcome(hanging);
    expect(await breaker.executeOutcome(() => 1)).toMatchObject({ error: { retryAfter: 20_000 } });
    expect(breaker.snapshot().probes).toEqual([
      { id: 0, expires: 330_000 },
      { id: 1, expires: 340_000 },
    ]);
  });

  it('shows in its snapshot how many have failed since the last success, and since when it is open', async () => {
    const { breaker, clock, fail } = setUp({ trip: consecutiveFailures(3), probes: 1 });
    await fail();
    await fail();
    expect(breaker.snapshot()).toMatchObject({ failures: 2, openedAt: null, openUntil: null });
    await breaker.execute(() => 1);
    expect(breaker.snapshot()).toMatchObject({ failures: 0 });
    await clock.advance('1m');
    for (let failure = 0; failure < 3; failure++) await fail();
    expect(breaker.snapshot()).toMatchObject({ failures: 3, openedAt: 60_000, openUntil: 360_000 });
    await clock.advance('5m');
    await fail();
    expect(breaker.snapshot()).toMatchObject({ failures: 4, openedAt: 360_000 });
    await clock.advance('5m');
    await breaker.execute(() => 1);
    expect(breaker.snapshot()).toMatchObject({ failures: 0, openedAt: null, probes: [], successes: 0 });
  });
});
