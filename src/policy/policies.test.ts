import { describe, expect, it, vi } from 'vitest';
import { ConfigurationError, ServiceError, TimeoutError } from '../errors/index.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { sleep } from '../time/index.ts';
import {
  type CircuitBreakerEvent,
  circuitBreaker,
  compose,
  consecutiveFailures,
  constant,
  decorrelatedJitter,
  exponential,
  fullJitter,
  type RetryEvent,
  retry,
  retryBudget,
  sequence,
  timeout,
} from './index.ts';

const transient = () => new ServiceError('away', { service: 'odds', kind: 'transient' });

/** Fails the first `failures` times, then gives its number. */
function flaky(failures: number, error: () => unknown = transient) {
  let calls = 0;
  return vi.fn(async () => {
    calls += 1;
    if (calls <= failures) throw error();
    return calls;
  });
}

describe('retry', () => {
  it('calls again until it works, and tells of each time', async () => {
    const clock = new VirtualClock();
    const events: RetryEvent[] = [];
    const policy = retry({ clock, backoff: constant('1s'), on: (event) => events.push(event) });
    const operation = flaky(2);
    await expect(clock.runUntil(policy.execute(operation))).resolves.toBe(3);
    expect(clock.now()).toBe(2_000);
    expect(events.map(({ kind, attempt }) => [kind, attempt])).toEqual([
      ['retry', 1],
      ['retry', 2],
    ]);
  });

  it('counts the first call among its attempts, and throws the last error itself', async () => {
    const clock = new VirtualClock();
    const last = transient();
    const operation = flaky(9, () => last);
    await expect(clock.runUntil(retry({ clock, attempts: 3 }).execute(operation))).rejects.toBe(last);
    expect(operation).toHaveBeenCalledTimes(3);
  });

  it.each([
    ['permanent', new ServiceError('no', { service: 'odds', kind: 'permanent' })],
    ['programming', new TypeError('x is undefined')],
    ['cancelled', new DOMException('stop', 'AbortError')],
  ])('does not call again after a %s error', async (_kind, error) => {
    const operation = flaky(1, () => error);
    await expect(retry({ clock: new VirtualClock() }).execute(operation)).rejects.toBe(error);
    expect(operation).toHaveBeenCalledTimes(1);
  });

  it('waits at least as long as the service asks', async () => {
    const clock = new VirtualClock();
    const operation = flaky(
      1,
      () => new ServiceError('slow down', { service: 'odds', kind: 'throttled', retryAfter: 20_000 }),
    );
    await clock.runUntil(retry({ clock, backoff: constant('1s') }).execute(operation));
    expect(clock.now()).toBe(20_000);
  });

  it('starts no attempt later than maxElapsed, nor after the deadline', async () => {
    const clock = new VirtualClock();
    const operation = flaky(9);
    await expect(
      clock.runUntil(
        retry({ clock, attempts: 9, backoff: constant('4s'), maxElapsed: '10s' }).execute(operation),
      ),
    ).rejects.toThrow();
    expect(operation).toHaveBeenCalledTimes(3);
    const bounded = flaky(9);
    const late = retry({ clock, attempts: 9, backoff: constant('4s') }).execute(bounded, {
      deadline: clock.now() + 10_000,
    });
    await expect(clock.runUntil(late)).rejects.toThrow('away');
    expect(bounded).toHaveBeenCalledTimes(3);
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends its wait at once when the caller gives up, with the reason unchanged, and calls no more', async () => {
    const clock = new VirtualClock();
    const caller = new AbortController();
    const operation = flaky(9);
    const result = retry({ clock, backoff: constant('1h') }).execute(operation, { signal: caller.signal });
    const settled = expect(result).rejects.toBe('enough');
    await clock.advance('1s');
    caller.abort('enough');
    await settled;
    expect(clock.now()).toBe(1_000);
    expect(clock.pendingTimers).toBe(0);
    await clock.advance('2h');
    expect(operation).toHaveBeenCalledTimes(1);
  });

  it('does not call at all on a signal that was aborted before', async () => {
    const operation = flaky(0);
    await expect(retry().execute(operation, { signal: AbortSignal.abort('no') })).rejects.toBe('no');
    expect(operation).not.toHaveBeenCalled();
  });

  it('uses no timer for no delay', async () => {
    const clock = new VirtualClock();
    await expect(retry({ clock, backoff: constant(0) }).execute(flaky(3))).resolves.toBe(4);
  });

  it('spends no more extra calls than its budget allows', async () => {
    const clock = new VirtualClock();
    const budget = retryBudget({ ratio: 0.2, minPerSecond: 0, clock });
    const policy = retry({ clock, backoff: constant(0), budget });
    const operation = vi.fn(async () => {
      throw transient();
    });
    for (let call = 0; call < 100; call++) await policy.executeOutcome(operation);
    expect(operation.mock.calls.length).toBe(120);
  });

  it('tries values again that are handled as failures', async () => {
    const clock = new VirtualClock();
    let status = 202;
    const policy = retry({ clock, handle: (outcome) => outcome.ok && outcome.value === 202 });
    const poll = policy.execute(async () => {
      const now = status;
      status = 200;
      return now;
    });
    await expect(clock.runUntil(poll)).resolves.toBe(200);
  });

  it('settles with the error of a filter or a backoff that is itself at fault', async () => {
    const wrong = retry({ clock: new VirtualClock(), backoff: () => Number.NaN });
    await expect(wrong.execute(flaky(1))).rejects.toBeInstanceOf(ConfigurationError);
  });
});

describe('backoffs', () => {
  const failure = (attempt: number, previousDelay = 0) => ({ error: undefined, attempt, previousDelay });

  it('grow to their cap, also at an attempt whose power overflows', () => {
    const backoff = exponential({ base: 100, cap: 5_000 });
    expect([1, 2, 3, 10, 5_000].map((attempt) => backoff(failure(attempt), () => 0))).toEqual([
      100, 200, 400, 5_000, 5_000,
    ]);
  });

  it('still jitter once they have reached the cap', () => {
    const decorrelated = decorrelatedJitter({ base: 100, cap: 1_000 });
    expect(decorrelated(failure(50, 1_000), () => 0)).toBe(100);
    expect(decorrelated(failure(50, 1_000), () => 0.5)).toBe(550);
    expect(fullJitter({ base: 100, cap: 1_000 })(failure(50), () => 0.25)).toBe(250);
  });

  it('repeat the last step of a sequence', () => {
    const backoff = sequence(['1s', '5s']);
    expect([1, 2, 3].map((attempt) => backoff(failure(attempt), () => 0))).toEqual([1_000, 5_000, 5_000]);
  });
});

describe('timeout', () => {
  it('aborts the signal, and fails with its own error', async () => {
    const clock = new VirtualClock();
    const result = timeout({ after: '10s', clock }).execute(({ signal }) => sleep(clock, 60_000, signal));
    await expect(clock.runUntil(result)).rejects.toBeInstanceOf(TimeoutError);
    expect(clock.now()).toBe(10_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('settles after the grace though the work goes on, and says so', async () => {
    const clock = new VirtualClock();
    const events: string[] = [];
    const policy = timeout({ after: '10s', grace: '5s', clock, on: ({ kind }) => events.push(kind) });
    const result = policy.execute(() => new Promise(() => {}));
    await expect(clock.runUntil(result)).rejects.toBeInstanceOf(TimeoutError);
    expect(clock.now()).toBe(15_000);
    expect(events).toEqual(['timed_out', 'work_left_running']);
  });

  it("leaves the operation's own errors and values alone", async () => {
    const clock = new VirtualClock();
    const policy = timeout({ after: '10s', clock });
    await expect(policy.execute(() => 7)).resolves.toBe(7);
    const own = transient();
    await expect(policy.execute(() => Promise.reject(own))).rejects.toBe(own);
    expect(clock.pendingTimers).toBe(0);
  });

  it('never aborts the signal after success', async () => {
    const clock = new VirtualClock();
    let signal: AbortSignal | undefined;
    await timeout({ after: '10s', clock }).execute(async (attempt) => {
      signal = attempt.signal;
    });
    await clock.advance('1m');
    expect(signal?.aborted).toBe(false);
  });

  it('gives a signal that is read late as already aborted', async () => {
    const clock = new VirtualClock();
    let late: () => boolean = () => false;
    const result = timeout({ after: '1s', clock }).execute((attempt) => {
      late = () => attempt.signal.aborted;
      return new Promise(() => {});
    });
    await expect(clock.runUntil(result)).rejects.toBeInstanceOf(TimeoutError);
    expect(late()).toBe(true);
  });
});

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
});

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
