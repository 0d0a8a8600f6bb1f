import { describe, expect, it, vi } from 'vitest';
import {
  anyOf,
  bulkhead,
  compose,
  consecutiveFailures,
  failureRate,
  slowCalls,
} from '../../src/policy/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { breakerOn, gated, hanging, transient } from './operations.ts';

// Each of these has been the behaviour of a library that is much used; named beside it are those that show it today.

describe('state machines of other breakers', () => {
  it('lose their reset timer when two calls fail at once', async () => {
    const clock = new VirtualClock();
    const { breaker, fail } = breakerOn(clock);
    await Promise.all([fail(), fail()]);
    await clock.advance('10s');
    await expect(breaker.execute(() => 1)).resolves.toBe(1);
  });

  // cockatiel 4 and opossum 10: opened by the second.
  it('close by the result of a call from before they opened, or open by one', async () => {
    const clock = new VirtualClock();
    const { breaker, fail } = breakerOn(clock);
    const late = gated<number>();
    const failing = Promise.withResolvers<number>();
    const early = [breaker.execute(late.operation), breaker.executeOutcome(() => failing.promise)];
    await fail();
    await clock.advance('10s');
    late.open(1);
    await early[0];
    expect(breaker.state).toBe('open');
    await breaker.execute(() => 1);
    failing.reject(transient());
    await early[1];
    expect(breaker.state).toBe('closed');
  });

  // cockatiel 4.
  it('run all who wait after one probe has succeeded', async () => {
    const clock = new VirtualClock();
    const { breaker, fail } = breakerOn(clock);
    await fail();
    await clock.advance('10s');
    const probe = gated<void>();
    const operation = vi.fn(probe.operation);
    const calls = Array.from({ length: 500 }, () => breaker.executeOutcome(operation));
    probe.open();
    await Promise.all(calls);
    expect(operation).toHaveBeenCalledTimes(1);
  });

  // Or close, as cockatiel 4 and opossum 10 do.
  it('stay half-open for ever after a probe whose error does not count', async () => {
    const clock = new VirtualClock();
    const { breaker, fail } = breakerOn(clock);
    await fail();
    await clock.advance('10s');
    await breaker.executeOutcome(() => Promise.reject(new TypeError('wrong')));
    expect(breaker.state).toBe('half-open');
    await expect(breaker.execute(() => 1)).resolves.toBe(1);
    expect(breaker.state).toBe('closed');
  });

  // opossum 10.
  it('go half-open by a timer of theirs after they were isolated by hand', async () => {
    const clock = new VirtualClock();
    const { breaker, fail } = breakerOn(clock);
    await fail();
    const hold = breaker.isolate();
    await clock.advance('1h');
    expect(breaker.state).toBe('isolated');
    hold[Symbol.dispose]();
    expect(breaker.state).toBe('closed');
  });

  // opossum 10.
  it('let calls that are under way dilute the failure rate', async () => {
    const clock = new VirtualClock();
    const { breaker, fail } = breakerOn(clock, {
      trip: failureRate({ threshold: 1, window: '1m', minimumCalls: 3 }),
    });
    for (let call = 0; call < 50; call++) void breaker.execute(hanging);
    for (let call = 0; call < 3; call++) await fail();
    expect(breaker.state).toBe('open');
  });

  // cockatiel 4; opossum 10 on its own full semaphore.
  it('open on what a bulkhead inside turned away, or on what the caller gave up', async () => {
    const clock = new VirtualClock();
    const { breaker } = breakerOn(clock);
    const policy = compose(breaker, bulkhead({ limit: 1, clock }));
    const caller = new AbortController();
    const running = policy.executeOutcome(hanging, { signal: caller.signal });
    expect(await policy.executeOutcome(() => 1)).toMatchObject({ kind: 'rejected' });
    caller.abort('enough');
    expect(await running).toMatchObject({ kind: 'cancelled' });
    expect(breaker.state).toBe('closed');
  });

  // cockatiel 4 reopens.
  it('are moved by a probe whose caller gave up', async () => {
    const clock = new VirtualClock();
    const { breaker, fail } = breakerOn(clock);
    await fail();
    await clock.advance('10s');
    const caller = new AbortController();
    const probe = breaker.executeOutcome(hanging, { signal: caller.signal });
    caller.abort('enough');
    expect(await probe).toMatchObject({ kind: 'cancelled' });
    expect(breaker.state).toBe('half-open');
    await expect(breaker.execute(() => 1)).resolves.toBe(1);
    expect(breaker.state).toBe('closed');
  });

  // cockatiel 4 has every caller wait for it; opossum 10 rejects all for good.
  it('are blocked by a probe that hangs', async () => {
    const clock = new VirtualClock();
    const { breaker, fail } = breakerOn(clock, { probeTimeout: '5s' });
    await fail();
    await clock.advance('10s');
    void breaker.executeOutcome(hanging);
    expect(await breaker.executeOutcome(() => 1)).toMatchObject({ error: { retryAfter: 5_000 } });
    await clock.advance('5s');
    expect(breaker.state).toBe('open');
    await clock.advance('10s');
    await expect(breaker.execute(() => 1)).resolves.toBe(1);
  });

  it('admit more probes than they may after one gave its place back twice', async () => {
    const clock = new VirtualClock();
    const { breaker, fail } = breakerOn(clock);
    await fail();
    await clock.advance('10s');
    const caller = new AbortController();
    const late = gated<number>();
    const probe = breaker.executeOutcome(late.operation, { signal: caller.signal });
    caller.abort('enough');
    await probe;
    // Its place is given back once; that its work ends later gives none back again.
    const second = breaker.executeOutcome(hanging);
    late.open(1);
    await clock.advance(0);
    expect(await breaker.executeOutcome(() => 1)).toMatchObject({ kind: 'rejected' });
    expect(breaker.snapshot().probes).toHaveLength(1);
    void second;
  });

  it('count by calls what is said to be a window of time: a failure a day later opens them', async () => {
    const clock = new VirtualClock();
    const { breaker, fail } = breakerOn(clock, {
      trip: failureRate({ threshold: 0.5, window: '1m', minimumCalls: 2 }),
    });
    await fail();
    await clock.advance('1d');
    await fail();
    expect(breaker.state).toBe('closed');
    await fail();
    expect(breaker.state).toBe('open');
  });

  // cockatiel 4: isolated for ever.
  it('come back isolated from a snapshot, with nobody to let them go', async () => {
    const clock = new VirtualClock();
    const { breaker } = breakerOn(clock);
    breaker.isolate();
    const restored = breakerOn(clock).breaker;
    restored.restore(breaker.snapshot());
    await clock.advance('10s');
    await expect(restored.execute(() => 1)).resolves.toBe(1);
  });

  it.each([
    ['failureRate', failureRate({ threshold: 1, window: '1m', minimumCalls: 9 })],
    ['failureRate over calls', failureRate({ threshold: 1, window: { calls: 9 } })],
    ['slowCalls', slowCalls({ threshold: 1, slowerThan: '1s', minimumCalls: 9 })],
    ['anyOf', anyOf(consecutiveFailures(9), consecutiveFailures(8))],
  ])('give a snapshot that goes on changing with them: %s', async (_name, trip) => {
    const clock = new VirtualClock();
    const { breaker, fail } = breakerOn(clock, { trip });
    await fail();
    const snapshot = breaker.snapshot();
    const before = JSON.stringify(snapshot);
    await fail();
    expect(JSON.stringify(snapshot)).toBe(before);
    expect(JSON.stringify(breaker.snapshot())).not.toBe(before);
    breaker.restore(snapshot);
    await fail();
    expect(JSON.stringify(snapshot)).toBe(before);
  });
});
