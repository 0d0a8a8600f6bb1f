import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it, vi } from 'vitest';
import {
  bulkhead,
  type CircuitBreakerOptions,
  circuitBreaker,
  compose,
  consecutiveFailures,
  constant,
  exponential,
  fallback,
  failureRate,
  retry,
  timeout,
} from '../../src/policy/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { sleep } from '../../src/time/index.ts';
import { flaky, gated, hanging, transient } from './operations.ts';

// Each of these has been the behaviour of a library that is much used. The suites beside the policies cover more of them.

function breakerOn(clock: VirtualClock, options: Partial<CircuitBreakerOptions> = {}) {
  const breaker = circuitBreaker({
    name: 'odds',
    trip: consecutiveFailures(1),
    openFor: '10s',
    clock,
    ...options,
  });
  const fail = () => breaker.executeOutcome(() => Promise.reject(transient()));
  return { breaker, fail };
}

describe('state machines of other breakers', () => {
  it('lose their reset timer when two calls fail at once (cockatiel, opossum)', async () => {
    const clock = new VirtualClock();
    const { breaker, fail } = breakerOn(clock);
    await Promise.all([fail(), fail()]);
    await clock.advance('10s');
    await expect(breaker.execute(() => 1)).resolves.toBe(1);
  });

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

  it('let calls that are under way dilute the failure rate', async () => {
    const clock = new VirtualClock();
    const { breaker, fail } = breakerOn(clock, {
      trip: failureRate({ threshold: 1, window: '1m', minimumCalls: 3 }),
    });
    for (let call = 0; call < 50; call++) void breaker.execute(hanging);
    for (let call = 0; call < 3; call++) await fail();
    expect(breaker.state).toBe('open');
  });

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
});

describe('time in other libraries', () => {
  it('steps back with the wall clock, and keeps the circuit open', async () => {
    const clock = new VirtualClock();
    const { breaker, fail } = breakerOn(clock);
    await fail();
    clock.stepWall('-1h');
    await clock.advance('10s');
    await expect(breaker.execute(() => 1)).resolves.toBe(1);
  });

  it('fires at once after more than 2^31 - 1 ms', async () => {
    const clock = new VirtualClock();
    const operation = flaky(1);
    const result = retry({ backoff: constant('60d'), clock }).execute(operation);
    await clock.advance('59d');
    expect(operation).toHaveBeenCalledTimes(1);
    await clock.advance('1d');
    await expect(result).resolves.toBe(2);
  });

  it('overflows at the thousandth attempt', () => {
    const backoff = exponential({ base: '1s', cap: '30s', factor: 10 });
    expect(backoff({ error: undefined, attempt: 5_000, previousDelay: 0 }, Math.random)).toBe(30_000);
  });
});

describe('aborts in other libraries', () => {
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
      'second: work_left_running',
      'second: aborted',
    ]);
    expect(seen.filter((line) => line.startsWith('third'))).toEqual(['third: timed_out']);
  });
});

describe('functions that other libraries do not expect', () => {
  // biome-ignore lint/suspicious/noThenProperty: it is about thenables
  const thenable = { then: (resolve: (value: number) => void) => resolve(7) };

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
