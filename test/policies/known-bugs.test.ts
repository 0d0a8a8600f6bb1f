import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import {
  bulkhead,
  ConfigurationError,
  circuitBreaker,
  compose,
  constant,
  consecutiveFailures,
  decorrelatedJitter,
  equalJitter,
  exponential,
  fallback,
  fullJitter,
  hedge,
  type Policy,
  rateLimiter,
  retry,
  singleFlight,
  timeout,
} from '../../src/policy/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { sleep } from '../../src/time/index.ts';
import { breakerOn, flaky, gated, hanging, transient } from './operations.ts';

// Each of these has been the behaviour of a library that is much used; named beside it are those that show it today.

const onePolicyOfEach: Readonly<Record<string, Policy<unknown>>> = {
  retry: retry({ attempts: 1 }),
  'circuit breaker': circuitBreaker({ name: 'odds' }),
  timeout: timeout({ after: '1h' }),
  bulkhead: bulkhead({ limit: 1 }),
  'rate limiter': rateLimiter({ limit: 1_000 }),
  hedge: hedge({ after: '1h' }),
  fallback: fallback(() => 0),
  'single flight': singleFlight(),
};

describe('time in other libraries', () => {
  // cockatiel 4.
  it('steps back with the wall clock, and keeps the circuit open', async () => {
    const clock = new VirtualClock();
    const { breaker, fail } = breakerOn(clock);
    await fail();
    clock.stepWall('-1h');
    await clock.advance('10s');
    await expect(breaker.execute(() => 1)).resolves.toBe(1);
  });

  // The retries of cockatiel 4 and mollitia; the time-outs of cockatiel 4, opossum 10, p-timeout 7 and mollitia.
  it('fires at once after more than 2^31 - 1 ms', async () => {
    const day = 86_400_000;
    // On the machine's clock: these fakes, like what they stand for, fire after 1 ms what is to fire later than that.
    vi.useFakeTimers();
    try {
      const operation = flaky(1);
      const retried = retry({ backoff: constant('60d') }).execute(operation);
      let timedOut: unknown;
      const timed = timeout({ after: '60d' })
        .execute(hanging)
        .catch((error: unknown) => {
          timedOut = error;
        });
      for (const wait of [1_000, 60 * day - 1_001]) {
        await vi.advanceTimersByTimeAsync(wait);
        expect(operation).toHaveBeenCalledTimes(1);
        expect(timedOut).toBeUndefined();
      }
      await vi.advanceTimersByTimeAsync(1);
      await expect(retried).resolves.toBe(2);
      await timed;
      expect(timedOut).toMatchObject({ name: 'TimeoutError' });
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  // cockatiel 4, all of them at the cap.
  it('loses its jitter at the cap', () => {
    for (const backoff of [
      fullJitter({ base: '1s', cap: '30s' }),
      equalJitter({ base: '1s', cap: '30s' }),
      decorrelatedJitter({ base: '1s', cap: '30s' }),
    ]) {
      const delay = (chance: number) =>
        Number(backoff({ error: undefined, attempt: 2_000, previousDelay: 30_000 }, () => chance));
      expect(delay(0.9)).toBeGreaterThan(delay(0.1));
      expect(delay(0.999)).toBeLessThanOrEqual(30_000);
    }
  });

  it('overflows at the thousandth attempt', () => {
    const backoff = exponential({ base: '1s', cap: '30s', factor: 10 });
    expect(backoff({ error: undefined, attempt: 5_000, previousDelay: 0 }, Math.random)).toBe(30_000);
  });
});

describe('aborts in other libraries', () => {
  // cockatiel 4.
  it('come in the midst of a backoff, which waits to its end and calls once more', async () => {
    const clock = new VirtualClock();
    const operation = flaky(9);
    const caller = new AbortController();
    const result = retry({ backoff: constant('1h'), clock }).executeOutcome(operation, {
      signal: caller.signal,
    });
    await clock.advance('1m');
    caller.abort('enough');
    expect(await result).toMatchObject({ kind: 'cancelled', error: 'enough' });
    await clock.advance('2h');
    expect(operation).toHaveBeenCalledTimes(1);
    expect(clock.pendingTimers).toBe(0);
  });

  // The breaker, retry, time-out and fallback of cockatiel 4.
  it.each(Object.entries(onePolicyOfEach))(
    'came before the call, which is made all the same: %s',
    async (_name, policy) => {
      const operation = vi.fn(async () => 1);
      const outcome = await policy.executeOutcome(operation, {
        signal: AbortSignal.abort('before'),
        key: 'all',
      });
      expect(outcome).toEqual({ ok: false, error: 'before', kind: 'cancelled' });
      expect(operation).not.toHaveBeenCalled();
    },
  );

  it.each(Object.entries(onePolicyOfEach))(
    'leave a listener on a signal that lives on: %s',
    async (_name, policy) => {
      const caller = new AbortController();
      for (const operation of [() => 1, async () => 1, () => Promise.reject(new TypeError('wrong'))])
        await policy.executeOutcome(operation, { signal: caller.signal, key: 'all' });
      expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
    },
  );

  // opossum 10, with an `abortController`.
  it('of one call abort all calls of the breaker', async () => {
    const clock = new VirtualClock();
    const { breaker } = breakerOn(clock);
    const caller = new AbortController();
    const other = gated<number>();
    let signal: AbortSignal | undefined;
    const aborted = breaker.executeOutcome(hanging, { signal: caller.signal });
    const staying = breaker.execute((attempt) => {
      signal = attempt.signal;
      return other.operation();
    });
    caller.abort('enough');
    other.open(7);
    expect(await aborted).toMatchObject({ error: 'enough' });
    await expect(staying).resolves.toBe(7);
    expect(signal?.aborted).toBe(false);
  });

  // cockatiel 4: a time-out of the aggressive kind goes on, and comes out as its own.
  it('come out as a time-out, or with another reason', async () => {
    const clock = new VirtualClock();
    const policy = compose(
      timeout({ after: '1h', clock }),
      retry({ clock }),
      timeout({ after: '1m', clock }),
    );
    const caller = new AbortController();
    const reason = { why: 'enough' };
    const result = policy.executeOutcome(({ signal }) => sleep(clock, 10_000, signal), {
      signal: caller.signal,
    });
    await clock.advance('1s');
    caller.abort(reason);
    const outcome = await result;
    expect(outcome).toMatchObject({ ok: false, kind: 'cancelled' });
    expect(outcome.ok === false && outcome.error).toBe(reason);
    expect(clock.pendingTimers).toBe(0);
  });

  // cockatiel 4.
  it('reach the signal of a call that has succeeded', async () => {
    const clock = new VirtualClock();
    const caller = new AbortController();
    let signal: AbortSignal | undefined;
    await timeout({ after: '1s', clock }).execute(
      (attempt) => {
        signal = attempt.signal;
      },
      { signal: caller.signal },
    );
    caller.abort('too late');
    await clock.advance('1m');
    expect(signal?.aborted).toBe(false);
  });
});

describe('callbacks of other libraries', () => {
  const broken = () => {
    throw new Error('callback');
  };

  // cockatiel 4 and p-retry 9 throw the listener's error, and cockatiel's breaker does not count the call; opossum 10 never settles.
  it('mask the error, or keep the call from settling, when they throw', async () => {
    const reported = vi.spyOn(console, 'error').mockImplementation(() => {});
    const clock = new VirtualClock();
    const { breaker } = breakerOn(clock, { on: broken, handle: broken });
    const policy = compose(
      retry({ attempts: 2, backoff: constant(0), on: broken, handle: broken, clock }),
      breaker,
      timeout({ after: '1s', on: broken, clock }),
    );
    const error = transient();
    await expect(policy.execute(() => Promise.reject(error))).rejects.toBe(error);
    const late = policy.executeOutcome(hanging);
    await clock.advance('1s');
    expect(await late).toMatchObject({ kind: 'timeout' });
    expect(reported).toHaveBeenCalled();
    reported.mockRestore();
  });

  // opossum 10.
  it('overflow the stack when a listener calls the policy that it listens to', async () => {
    const clock = new VirtualClock();
    let calls = 0;
    const { breaker, fail } = breakerOn(clock, {
      on: () => {
        calls += 1;
        if (calls < 20_000) void breaker.executeOutcome(() => 1);
      },
    });
    await fail();
    await clock.advance(0);
    expect(calls).toBe(20_000);
    expect(breaker.state).toBe('open');
  });

  // cockatiel 4: a listener of `onFailure` that throws keeps the circuit closed.
  it('keep the state from changing when they throw', async () => {
    const reported = vi.spyOn(console, 'error').mockImplementation(() => {});
    const { breaker, fail } = breakerOn(new VirtualClock(), { on: broken });
    await fail();
    expect(breaker.state).toBe('open');
    reported.mockRestore();
  });

  it('call the fallback twice', async () => {
    const clock = new VirtualClock();
    const substitute = vi.fn(async () => 'last known');
    const policy = compose(
      fallback(substitute, { clock }),
      timeout({ after: '1s', clock }),
      retry({ clock }),
    );
    const result = policy.execute(hanging);
    await clock.advance('1h');
    await expect(result).resolves.toBe('last known');
    expect(substitute).toHaveBeenCalledTimes(1);
  });

  // The bulkheads of cockatiel 4 and mollitia.
  it("run in another caller's asynchronous context", async () => {
    const clock = new VirtualClock();
    const who = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    const note = (what: string) => seen.push(`${who.getStore()}: ${what}`);
    const limited = compose(
      timeout({ after: '5s', clock, on: ({ kind }) => note(kind) }),
      bulkhead({ limit: 1, queue: 9, clock }),
      retry({ attempts: 2, backoff: constant('1s'), clock }),
    );
    const call = (name: string, operation: () => Promise<unknown>) =>
      who.run(name, () =>
        limited.executeOutcome(({ signal }) => {
          note('called');
          signal.addEventListener('abort', () => note('aborted'));
          return operation();
        }),
      );
    const first = call('first', flaky(1));
    const second = call('second', () => sleep(clock, 60_000));
    const third = call('third', async () => {});
    await clock.advance('1m');
    await clock.advance('1m');
    await Promise.all([first, second, third]);
    expect(seen.filter((line) => line.startsWith('first'))).toEqual(['first: called', 'first: called']);
    expect(seen.filter((line) => line.startsWith('second'))).toEqual([
      'second: called',
      'second: timed_out',
      'second: aborted',
      'second: work_left_running',
    ]);
    expect(seen.filter((line) => line.startsWith('third'))).toEqual(['third: timed_out']);
  });
});

describe('options of other libraries', () => {
  // cockatiel 4, opossum 10 and mollitia; the options' own suite tries many more.
  it('are taken though they are not a number', () => {
    for (const build of [
      () => timeout({ after: Number.NaN }),
      () => bulkhead({ limit: Number.NaN }),
      () => consecutiveFailures(Number.NaN),
      () => retry({ attempts: Number.NaN }),
      () => circuitBreaker({ name: 'odds', openFor: Number.NaN }),
    ])
      expect(build).toThrow(ConfigurationError);
  });

  // mollitia takes its default for some of them.
  it('are not looked at when they are zero', async () => {
    expect(() => timeout({ after: 0 })).toThrow(ConfigurationError);
    expect(() => retry({ attempts: 0 })).toThrow(ConfigurationError);
    expect(() => circuitBreaker({ name: 'odds', openFor: 0 })).toThrow(ConfigurationError);
    // Where it means something it is taken as such.
    const operation = flaky(1);
    await expect(retry({ backoff: constant(0), clock: new VirtualClock() }).execute(operation)).resolves.toBe(
      2,
    );
  });

  // opossum 10 writes 15 of its own into the caller's object, and shares a cache between breakers made from it.
  it('are written to, and tie together what is made from the same ones', async () => {
    const options = Object.freeze({ name: 'odds', trip: consecutiveFailures(1), clock: new VirtualClock() });
    const one = circuitBreaker(options);
    const other = circuitBreaker(options);
    await one.executeOutcome(() => Promise.reject(transient()));
    expect([one.state, other.state]).toEqual(['open', 'closed']);
    expect(await other.execute(() => 'b')).toBe('b');
  });
});

describe('functions that other libraries do not expect', () => {
  // biome-ignore lint/suspicious/noThenProperty: it is about thenables
  const thenable = { then: (resolve: (value: number) => void) => resolve(7) };

  // opossum 10 fails on one that gives nothing.
  it.each([
    ['gives nothing', () => undefined, undefined],
    ['gives a thenable', () => thenable, 7],
  ])('one that %s', async (_what, operation, expected) => {
    const clock = new VirtualClock();
    for (const policy of [
      retry({ clock }),
      breakerOn(clock).breaker,
      timeout({ after: '1s', clock }),
      bulkhead({ limit: 1, clock }),
      compose(retry({ clock }), timeout({ after: '1s', clock })),
    ]) {
      await expect(policy.execute(operation as () => unknown)).resolves.toBe(expected);
      await expect((policy.wrap(operation as () => unknown) as () => Promise<unknown>)()).resolves.toBe(
        expected,
      );
    }
    expect(clock.pendingTimers).toBe(0);
  });

  it('one that throws before it gives a promise, or rejects with nothing', async () => {
    const policy = compose(retry({ attempts: 2, backoff: constant(0) }), circuitBreaker({ name: 'x' }));
    const throws = vi.fn(() => {
      throw transient();
    });
    await expect(policy.execute(throws)).rejects.toThrow('away');
    expect(throws).toHaveBeenCalledTimes(2);
    await expect(policy.execute(() => Promise.reject(undefined))).rejects.toBe(undefined);
    await expect(circuitBreaker({ name: 'y' }).execute(() => Promise.reject(undefined))).rejects.toBe(
      undefined,
    );
  });
});
