import { spawnSync } from 'node:child_process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import {
  bulkhead,
  compose,
  consecutiveFailures,
  failureRate,
  slowCalls,
  timeout,
} from '../../src/policy/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { breakerOn, gated, hanging } from './operations.ts';

// Each of these has been the behaviour of a library that is much used; named beside it are those that show it today.

describe('queues of other libraries', () => {
  // cockatiel 4 tells the one who gave up only when his turn has come.
  it('starve when the first in them gives up', async () => {
    const clock = new VirtualClock();
    const policy = bulkhead({ limit: 1, queue: 5, clock });
    const first = gated<number>();
    const caller = new AbortController();
    const running = policy.execute(first.operation);
    const gone = policy.executeOutcome(() => 2, { signal: caller.signal });
    const third = policy.execute(() => 3);
    caller.abort('enough');
    expect(await gone).toMatchObject({ kind: 'cancelled', error: 'enough' });
    expect(policy.waiting).toBe(1);
    first.open(1);
    await expect(running).resolves.toBe(1);
    await expect(third).resolves.toBe(3);
  });

  // cockatiel 4.
  it('reject a call that they had accepted, as newcomers took its place', async () => {
    const policy = bulkhead({ limit: 1, queue: 1, clock: new VirtualClock() });
    const first = gated<number>();
    void policy.execute(first.operation);
    const accepted = policy.execute(() => 2);
    first.open(1);
    // At every moment between the end of the first and the start of the second.
    for (let turn = 0; turn < 12; turn++) {
      await undefined;
      void policy.executeOutcome(hanging);
    }
    await expect(accepted).resolves.toBe(2);
  });

  // The bulkheads of cockatiel 4 and mollitia around a time-out, and opossum 10.
  it('give a place away at the time-out, though the work goes on', async () => {
    const clock = new VirtualClock();
    const places = bulkhead({ limit: 1, clock });
    const policy = compose(places, timeout({ after: '1s', clock }));
    const work = gated<void>();
    const late = policy.executeOutcome(work.operation);
    await clock.advance('1s');
    expect(await late).toMatchObject({ kind: 'timeout' });
    expect(await policy.executeOutcome(() => 1)).toMatchObject({ kind: 'rejected' });
    work.open();
    await clock.advance(0);
    await expect(policy.execute(() => 1)).resolves.toBe(1);
  });
});

describe('what other libraries leave behind', () => {
  const rules = {
    failureRate: failureRate({ threshold: 1, window: '1h', minimumCalls: 1_000_000 }),
    'failureRate over calls': failureRate({ threshold: 1, window: { calls: 100 } }),
    slowCalls: slowCalls({ threshold: 1, slowerThan: '1h', minimumCalls: 1_000_000 }),
    consecutiveFailures: consecutiveFailures(3),
  };

  it.each(Object.entries(rules))('a timer or more a breaker: %s', async (_name, trip) => {
    const clock = new VirtualClock();
    for (let made = 0; made < 100; made++) {
      const breaker = breakerOn(clock, { trip }).breaker;
      await breaker.execute(() => 1);
      await breaker.executeOutcome(() => Promise.reject(new Error('away')));
    }
    expect(clock.pendingTimers).toBe(0);
  });

  // opossum 10 keeps each latency of its window; mollitia 1,000 requests.
  it.each(Object.entries(rules))('something for each call: %s', async (_name, trip) => {
    const { breaker } = breakerOn(new VirtualClock(), { trip });
    const size = () => JSON.stringify(breaker.snapshot()).length;
    await breaker.execute(() => 1);
    const before = size();
    for (let call = 0; call < 5_000; call++) await breaker.execute(() => 1);
    // The numbers in it have grown by some digits.
    expect(size()).toBeLessThan(before + 40);
  });

  it('all breakers that ever were, in a registry', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const clock = new VirtualClock();
    const make = async () => {
      const { breaker, fail } = breakerOn(clock, { trip: slowCalls({ threshold: 1, slowerThan: '1s' }) });
      await fail();
      breaker.isolate();
      return new WeakRef(breaker);
    };
    const gone = await Promise.all(Array.from({ length: 10 }, make));
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    // The engine may hold the last one a little longer.
    expect(gone.filter((breaker) => breaker.deref() !== undefined).length).toBeLessThanOrEqual(1);
  });

  const program = (code: string) =>
    spawnSync(
      process.execPath,
      [
        '--conditions=breakwater-source',
        '--disable-warning=ExperimentalWarning',
        '--input-type=module',
        '-e',
        code,
      ],
      { cwd: new URL('../..', import.meta.url), encoding: 'utf8', timeout: 60_000 },
    );

  // mollitia's breaker keeps it alive while it is open.
  it('a process that can not end, for a timer of theirs', () => {
    const { status, stdout } = program(`
      import { circuitBreaker, compose, consecutiveFailures, rateLimiter, timeout } from 'breakwater/policy';
      const breaker = circuitBreaker({ name: 'odds', trip: consecutiveFailures(1), openFor: '1h' });
      const policy = compose(timeout({ after: '1h' }), rateLimiter({ limit: 9 }), breaker);
      await policy.executeOutcome(() => Promise.reject(new Error('away')));
      console.log(breaker.state);
    `);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'open\n' });
  });

  // p-retry 9, with `unref`.
  it('a process that ends in the midst of a backoff', () => {
    const { status, stdout } = program(`
      import { constant, retry } from 'breakwater/policy';
      let calls = 0;
      const operation = () => ++calls > 1 ? calls : Promise.reject(new Error('away'));
      console.log(await retry({ backoff: constant(50) }).execute(operation));
    `);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '2\n' });
  });
});
