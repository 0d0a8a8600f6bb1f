import { describe, expect, it, vi } from 'vitest';
import { ConfigurationError } from '../errors/index.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { sleep } from '../time/index.ts';
import { circuitBreaker, compose, consecutiveFailures, constant, retry, timeout } from './index.ts';
import { transient } from '../../test/policies/operations.ts';

describe('compose', () => {
  it('retries through the breaker, each attempt in its own time, within the time of all', async () => {
    const clock = new VirtualClock();
    const breaker = circuitBreaker({ name: 'odds', trip: consecutiveFailures(5), openFor: '5m', clock });
    const policy = compose(
      timeout({ after: '25s', clock }),
      retry({ attempts: 9, backoff: constant('1s'), clock }),
      breaker,
      timeout({ after: '10s', clock }),
    );
    const attempts: number[] = [];
    const result = policy.execute(({ attempt, signal }) => {
      attempts.push(attempt);
      return sleep(clock, 60_000, signal);
    });
    await expect(clock.runUntil(result)).rejects.toMatchObject({ name: 'TimeoutError', after: 25_000 });
    expect(attempts).toEqual([1, 2, 3]);
    expect(breaker.snapshot().failures).toBe(3);
    expect(clock.now()).toBe(25_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('leaves no listener on a long-lived signal, whatever happens', async () => {
    const clock = new VirtualClock();
    const caller = new AbortController();
    const add = vi.spyOn(caller.signal, 'addEventListener');
    const remove = vi.spyOn(caller.signal, 'removeEventListener');
    const policy = compose(retry({ clock, backoff: constant(0) }), timeout({ after: '1s', clock }));
    for (const operation of [() => 1, () => Promise.reject(transient()), () => new Promise(() => {})]) {
      await clock.runUntil(policy.executeOutcome(operation, { signal: caller.signal }));
    }
    expect(add).toHaveBeenCalledTimes(3);
    expect(remove).toHaveBeenCalledTimes(3);
  });

  it('refuses policies on different clocks, and what is no policy', () => {
    const one = retry({ clock: new VirtualClock() });
    expect(() => compose(one, retry({ clock: new VirtualClock() }))).toThrow(ConfigurationError);
    expect(() => compose({ ...one })).toThrow('compose[0] must be a policy');
  });

  it.each([undefined, null, 'retry', 7, {}, () => {}])(
    'refuses %o, which is no policy, by its place',
    (given) => {
      expect(() => compose(retry(), given as never)).toThrow(/^compose\[1\] must be a policy/);
    },
  );

  it('keeps the parameters, the result and `this` of what it wraps', async () => {
    const source = {
      rate: 2,
      async convert(amount: number) {
        return amount * this.rate;
      },
    };
    const wrapped = { ...source, convert: retry().wrap(source.convert) };
    expect(await wrapped.convert(21)).toBe(42);
  });

  it('survives an operation that fails at once, a hundred thousand times', async () => {
    const policy = retry({ attempts: 100_000, backoff: constant(0), clock: new VirtualClock() });
    let calls = 0;
    await expect(
      policy.execute(() => {
        calls += 1;
        throw transient();
      }),
    ).rejects.toThrow('away');
    expect(calls).toBe(100_000);
  });
});
