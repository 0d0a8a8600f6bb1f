import { describe, expect, it, vi } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { Sample } from '../circuit/index.ts';
import { sleep } from '../time/index.ts';
import {
  type CircuitBreakerEvent,
  circuitBreaker,
  compose,
  consecutiveFailures,
  defineTripRule,
  failureRate,
  retry,
  slowCalls,
  timeout,
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

  it('has the name that it was given', () => {
    expect(circuitBreaker({ name: 'odds' }).name).toBe('odds');
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

  it('refuses a quiet time that is none', () => {
    const openFor = { base: '10s', cap: '60s', quiet: null as never } as const;
    expect(() => circuitBreaker({ name: 'odds', openFor })).toThrow('circuitBreaker.openFor.quiet must be');
  });

  it('opens on a call that hangs whatever the time, though differences of times are rounded', async () => {
    const trip = slowCalls({ threshold: 1, slowerThan: 100, minimumCalls: 1 });
    for (const start of [0.1, 0.7, 30.23, 1_234.567, 98_765.4321]) {
      const { clock, breaker } = setUp({ trip });
      await clock.advance(start);
      void breaker.execute(hanging);
      await clock.advance(101);
      expect([start, breaker.state]).toEqual([start, 'open']);
    }
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

  it('never has more probes at work than it may, also when a snapshot takes its place meanwhile', async () => {
    const { breaker, clock, open } = setUp({ probes: 1, probeTimeout: '30s' });
    await open();
    await clock.advance('5m');
    let calls = 0;
    const probe = () => {
      calls += 1;
      return hanging();
    };
    void breaker.executeOutcome(probe);
    breaker.restore(breaker.snapshot());
    void breaker.executeOutcome(probe);
    expect([breaker.state, calls]).toEqual(['half-open', 1]);
  });

  it('probes with the first call after a long silence in which a probe hung', async () => {
    const { breaker, clock, open } = setUp({ probes: 1, probeTimeout: '30s' });
    await open();
    await clock.advance('5m');
    void breaker.executeOutcome(hanging);
    await clock.advance('1h');
    await expect(breaker.execute(() => 1)).resolves.toBe(1);
    expect(breaker.state).toBe('closed');
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

  it("leaves a call that was given up before it was made to its caller's reason", async () => {
    const clock = new VirtualClock();
    const breaker = circuitBreaker({ name: 'odds', trip: consecutiveFailures(1), clock });
    await breaker.executeOutcome(() => Promise.reject(transient()));
    const signal = AbortSignal.abort('enough');
    expect(await breaker.executeOutcome(() => 1, { signal })).toMatchObject({
      kind: 'cancelled',
      error: 'enough',
    });
    expect(await breaker.executeOutcome(() => 1)).toMatchObject({ kind: 'rejected' });
  });

  it('tells of each call that it turns away, however it was made, and of each change of its state', async () => {
    const { breaker, clock, events, open } = setUp({ probes: 1 });
    await open();
    await clock.advance('1m');
    const error = { name: 'CircuitOpenError', retryAfter: 240_000 };
    const outcome = await breaker.executeOutcome(() => 1);
    expect(outcome).toMatchObject({ ok: false, kind: 'rejected', error });
    expect(outcome.ok === false && outcome.error).toBe(outcome.ok === false && outcome.error);
    await expect(breaker.execute(() => 1)).rejects.toMatchObject(error);
    await expect(breaker.wrap(() => 1)()).rejects.toMatchObject(error);
    expect(await breaker.executeOutcome(() => 1, { deadline: Infinity })).toMatchObject({ ok: false, error });
    await expect(compose(retry({ clock }), breaker).execute(() => 1)).rejects.toMatchObject(error);
    await clock.advance('4m');
    await breaker.execute(() => 1);
    const name = 'odds-api';
    expect(events).toEqual([
      { kind: 'moved', name, from: 'closed', to: 'open' },
      ...Array.from({ length: 5 }, () => ({ kind: 'rejected', name, retryAfter: 240_000 })),
      expect.objectContaining({ kind: 'moved', name, from: 'open' }),
      expect.objectContaining({ kind: 'moved', name, to: 'closed' }),
    ]);
  });

  it('counts values that are handled as failures, alone and within others', async () => {
    for (const within of [false, true]) {
      const { breaker, clock } = setUp({
        trip: consecutiveFailures(2),
        handle: (outcome) => outcome.ok && outcome.value === 'empty',
      });
      const policy = within ? compose(timeout({ after: '1s', clock }), breaker) : breaker;
      await policy.execute(() => 'empty');
      await policy.execute(() => 'full');
      await policy.executeOutcome(() => Promise.reject(transient()));
      expect(await policy.execute(() => 'empty')).toBe('empty');
      expect(breaker.state).toBe('closed');
      await policy.execute(() => 'empty');
      expect(breaker.state).toBe('open');
    }
  });

  it('does not take an error that it ignores for a success', async () => {
    for (const within of [false, true]) {
      const { breaker, clock, fail } = setUp({ trip: consecutiveFailures(2) });
      const policy = within ? compose(timeout({ after: '1s', clock }), breaker) : breaker;
      await fail();
      await policy.executeOutcome(() => Promise.reject(new TypeError('x is undefined')));
      expect(breaker.state).toBe('closed');
      await fail();
      expect(breaker.state).toBe('open');
    }
  });

  it('tells a rule of your own how long each call took, and which marks it has passed', async () => {
    const samples: Sample[] = [];
    const rule = (marks?: readonly number[]) =>
      defineTripRule({
        name: 'watching',
        initial: 0,
        record: (state, sample) => {
          samples.push(sample);
          return state;
        },
        trips: () => false,
        marks,
      });
    const plain = setUp({ trip: rule() });
    await plain.clock.advance('1h');
    const took = plain.breaker.execute(() => sleep(plain.clock, 700));
    await plain.clock.runUntil(took);
    expect(samples.splice(0)).toEqual([{ failed: false, duration: 700, running: false, reportedAt: 0 }]);

    const marked = setUp({ trip: rule([1_000, 3_000]) });
    await marked.clock.advance('1h');
    await marked.clock.runUntil(marked.breaker.execute(() => sleep(marked.clock, 500)));
    expect(marked.clock.pendingTimers).toBe(0);
    const slow = marked.breaker.executeOutcome(async () => {
      await sleep(marked.clock, 4_000);
      throw transient();
    });
    await marked.clock.runUntil(slow);
    expect(samples).toEqual([
      { failed: false, duration: 500, running: false, reportedAt: 0 },
      { failed: false, duration: 1_000, running: true, reportedAt: 0 },
      { failed: false, duration: 3_000, running: true, reportedAt: 1_000 },
      { failed: true, duration: 4_000, running: false, reportedAt: 3_000 },
    ]);
    expect(marked.clock.pendingTimers).toBe(0);
  });

  it('stays isolated through a reset and a snapshot while it is held', async () => {
    const { breaker, open, clock } = setUp();
    const closed = breaker.snapshot();
    await open();
    const opened = breaker.snapshot();
    breaker.reset();
    const hold = breaker.isolate();
    breaker.reset();
    expect(breaker.state).toBe('isolated');
    for (const record of [closed, opened, breaker.snapshot()]) {
      breaker.restore(record);
      expect(breaker.state).toBe('isolated');
    }
    const isolated = breaker.snapshot();
    expect(isolated.epoch).toBeGreaterThan(opened.epoch);
    hold[Symbol.dispose]();
    breaker.reset();
    await clock.advance('1h');
    breaker.restore(isolated);
    expect(breaker.state).toBe('open');
    expect(breaker.snapshot()).toMatchObject({ openedAt: 3_600_000, openUntil: 3_900_000 });
  });

  it('stays open no longer by a snapshot from another clock than it would by itself, and no shorter', async () => {
    const { breaker, clock, open } = setUp();
    await clock.advance('1h');
    await open();
    const record = breaker.snapshot();
    expect(record).toMatchObject({ openedAt: 3_600_000, openUntil: 3_900_000 });
    breaker.restore(record);
    expect(breaker.snapshot()).toMatchObject({ openedAt: 3_600_000, openUntil: 3_900_000 });
    const young = setUp();
    young.breaker.restore(record);
    expect(young.breaker.snapshot()).toMatchObject({ openedAt: 0, openUntil: 300_000 });
    await clock.advance('1m');
    breaker.restore(record);
    expect(breaker.snapshot()).toMatchObject({ openedAt: 3_600_000, openUntil: 3_900_000 });
  });

  it('stays open by a snapshot for as long as its growing time could be, jitter included, and no longer', () => {
    const clock = new VirtualClock();
    const breaker = circuitBreaker({
      name: 'odds',
      openFor: { base: 1_000, cap: 10_000, jitter: 0.5 },
      clock,
    });
    const open = { ...breaker.snapshot(), state: 'open' as const, openedAt: 0 };
    for (const [until, at] of [
      [14_999, 14_999],
      [15_000, 15_000],
      [15_001, 15_000],
    ] as const) {
      breaker.restore({ ...open, openUntil: until });
      expect(breaker.snapshot().openUntil).toBe(at);
    }
  });
});
