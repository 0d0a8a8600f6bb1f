import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import {
  bulkhead,
  type CircuitBreakerOptions,
  circuitBreaker,
  compose,
  constant,
  consecutiveFailures,
  fallback,
  rateLimiter,
  retry,
  slowCalls,
  type Timer,
  timeout,
} from '../../src/policy/index.ts';
import { deadlineTimer } from '../../src/time/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { LaggingClock } from './lagging-clock.ts';
import { gated, hanging, transient } from './operations.ts';

describe('when the event loop was blocked, and several timers are due together', () => {
  function again(clock: LaggingClock) {
    return compose(retry({ attempts: 3, backoff: constant(0), clock }), timeout({ after: 100, clock }));
  }

  it('a turn of the rate limiter that came with the time-out starts no attempt beside the next', async () => {
    const clock = new LaggingClock();
    const limiter = rateLimiter({ limit: 1, per: 90, burst: 1, wait: Infinity, clock });
    await limiter.execute(() => 'the first turn');
    const started: [number, number][] = [];
    const result = compose(again(clock), limiter).executeOutcome(({ attempt }) => {
      started.push([attempt, clock.now()]);
      return hanging();
    });
    await clock.block(150);
    for (let time = 0; time < 40; time++) await clock.block(10);
    expect(await result).toMatchObject({ kind: 'timeout' });
    // The first attempt had no turn in time; each of the others has one start.
    expect(started).toEqual([
      [2, 240],
      [3, 330],
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('a call that is turned away as its time in the queue is up, and times out, loses no place', async () => {
    const clock = new LaggingClock();
    const limited = bulkhead({ limit: 1, queue: 5, queueTimeout: 90, clock });
    const first = gated<string>();
    const atWork = limited.execute(first.operation);
    const queued = compose(again(clock), limited).executeOutcome(() => 'its turn came');
    await clock.block(150);
    first.open('done');
    expect([await atWork, await queued]).toEqual(['done', { ok: true, value: 'its turn came' }]);
    expect([limited.atWork, limited.waiting]).toEqual([0, 0]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('a retry whose delay is over with the time of the call makes no attempt', async () => {
    const clock = new LaggingClock();
    const policy = compose(
      timeout({ after: 100, clock }),
      retry({ attempts: 2, backoff: constant(90), clock }),
    );
    const attempts: number[] = [];
    const result = policy.executeOutcome(({ attempt }) => {
      attempts.push(attempt);
      throw transient();
    });
    await clock.block(150);
    expect(await result).toMatchObject({ kind: 'timeout' });
    expect(attempts).toEqual([1]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('all turns of the rate limiter that have come are taken, though time passes meanwhile', async () => {
    class Passing extends LaggingClock {
      #reads = 0;
      timers = 0;
      override now(): number {
        this.#reads += 1;
        return super.now() + this.#reads * 1e-3;
      }
      override setTimer(delay: number, callback: () => void): Timer {
        this.timers += 1;
        return super.setTimer(delay, callback);
      }
    }
    const clock = new Passing();
    const limiter = rateLimiter({ limit: 1, per: 1, burst: 100, wait: Infinity, clock });
    let taken = 0;
    for (let call = 0; call < 200; call++) void limiter.execute(() => ++taken);
    expect(taken).toBe(100);
    clock.timers = 0;
    // As much time as fifty more calls need.
    await clock.block(50);
    expect(taken).toBe(150);
    // For the one after them.
    expect(clock.timers).toBe(1);
  });

  it('work that ends with its time is followed by one attempt, which the time-out of the first does not end', async () => {
    const clock = new VirtualClock();
    const first = gated<string>();
    const second = gated<string>();
    deadlineTimer(clock).add(1_000, () => first.open('in that very moment'));
    const told: string[] = [];
    const policy = compose(
      retry({ attempts: 2, backoff: constant(0), clock }),
      timeout({ after: '1s', clock, on: ({ kind }) => told.push(kind) }),
    );
    const result = policy.execute(({ attempt }) => (attempt === 1 ? first : second).operation());
    await clock.advance('1s');
    await clock.advance('500ms');
    second.open('of the second');
    expect(await result).toBe('of the second');
    // That it had ended nobody could know yet.
    expect(told).toEqual(['timed_out', 'work_left_running']);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("after a time-out, whose timer is everybody's", () => {
  /** Two calls that time out in one firing of the timer, which the first of them set. */
  async function both(call: (clock: VirtualClock) => () => Promise<unknown>, after = '2s' as const) {
    const clock = new VirtualClock();
    const make = call(clock);
    const calls = ['first', 'second'].map((name) => who.run(name, make));
    await clock.advance(after);
    await clock.advance('1m');
    return Promise.all(calls);
  }
  const who = new AsyncLocalStorage<string>();

  it.each([0, 500])(
    'the next attempt is made where the call was, after %i ms, and its listener called',
    async (delay) => {
      const seen: string[] = [];
      await both((clock) => {
        const policy = compose(
          retry({
            attempts: 2,
            backoff: constant(delay),
            clock,
            on: ({ kind }) => seen.push(`${who.getStore()}: ${kind}`),
          }),
          timeout({ after: '1s', clock }),
        );
        return () =>
          policy.executeOutcome(({ attempt }) => {
            seen.push(`${who.getStore()}: attempt ${attempt}`);
            return hanging();
          });
      });
      for (const name of ['first', 'second'])
        expect(seen.filter((line) => line.startsWith(name))).toEqual(
          ['attempt 1', 'retry', 'attempt 2', 'gave_up'].map((what) => `${name}: ${what}`),
        );
    },
  );

  it('the substitute is asked for where the call was made', async () => {
    expect(
      await both((clock) => {
        const policy = compose(
          fallback(() => who.getStore(), { clock }),
          timeout({ after: '1s', clock }),
        );
        return () => policy.execute(hanging);
      }),
    ).toEqual(['first', 'second']);
  });

  it.each([undefined, 1_000])(
    "a breaker's listener, and its handle, are called where the call was made, by a deadline of %s ms too",
    async (deadline) => {
      const seen: unknown[] = [];
      const note = (what: string) => seen.push(`${who.getStore()} ${what}`);
      const told = (options: Partial<CircuitBreakerOptions>) =>
        both((clock) => {
          const breaker = circuitBreaker({ name: 'odds', trip: consecutiveFailures(2), clock, ...options });
          const policy = deadline === undefined ? compose(breaker, timeout({ after: '1s', clock })) : breaker;
          return () => policy.executeOutcome(hanging, { deadline });
        });
      await told({ on: ({ kind }) => note(kind) });
      await told({
        handle: () => {
          note('is asked');
          return true;
        },
      });
      expect(seen).toEqual(['second moved', 'first is asked', 'second is asked']);
    },
  );

  it.each([undefined, 1_000])(
    'so are those of a breaker inside the time-out, by a deadline of %s ms too',
    async (deadline) => {
      const seen: unknown[] = [];
      const told = (options: Partial<CircuitBreakerOptions>) =>
        both((clock) => {
          const breaker = circuitBreaker({ name: 'odds', trip: consecutiveFailures(2), clock, ...options });
          const policy = compose(
            timeout({ after: deadline === undefined ? '1s' : '1h', clock }),
            retry({ clock }),
            breaker,
          );
          return () => policy.executeOutcome(hanging, { deadline });
        });
      await told({ on: ({ kind }) => seen.push(`${who.getStore()} ${kind}`) });
      await told({ handle: () => seen.push(`${who.getStore()} is asked`) > 0 });
      expect(seen).toEqual(['second moved', 'first is asked', 'second is asked']);
    },
  );

  it("a breaker's listener hears of a call that is slow already where that was made, and of others where those were", async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const breaker = circuitBreaker({
      name: 'odds',
      trip: slowCalls({ threshold: 1, slowerThan: '1s', minimumCalls: 2 }),
      openFor: '10s',
      clock,
      on: (event) => seen.push(`${who.getStore()}: ${event.kind === 'moved' ? event.to : event.kind}`),
    });
    const policy = compose(timeout({ after: '5s', clock }), breaker);
    const calls = ['first', 'second'].map((name) => who.run(name, () => policy.executeOutcome(hanging)));
    await clock.advance('20s');
    await Promise.all(calls);
    await who.run('third', () => policy.execute(() => 'there again'));
    expect(seen).toEqual(['second: open', 'third: half-open', 'third: closed']);
  });

  it.each([
    ['work', 'before'],
    ['work', 'after'],
    ['caller', 'before'],
    ['caller', 'after'],
    ['listener', 'after'],
  ] as const)(
    'a call is ended once, also if its %s ends it in that very moment, right %s it',
    async (end, when) => {
      const clock = new VirtualClock();
      const caller = new AbortController();
      const work = gated<string>();
      const told: string[] = [];
      const alsoEnds = () => {
        if (end === 'work') work.open('late');
        else if (end === 'caller') caller.abort('enough');
      };
      if (when === 'before') deadlineTimer(clock).add(1_000, alsoEnds);
      const places = bulkhead({ limit: 1, clock });
      const policy = compose(
        fallback((error) => (error as Error).name, { clock, on: ({ kind }) => told.push(kind) }),
        places,
        timeout({ after: '1s', clock, on: ({ kind }) => told.push(kind) }),
      );
      const result = policy.executeOutcome(
        ({ signal }) => {
          if (end === 'listener') signal.addEventListener('abort', () => caller.abort('enough'));
          return work.operation();
        },
        { signal: caller.signal },
      );
      // In the same firing of the timer, right after it.
      if (when === 'after') deadlineTimer(clock).add(1_000, alsoEnds);
      await clock.advance('1s');
      const isGivenUp = end === 'listener' || (end === 'caller' && when === 'before');
      expect(await result).toMatchObject(
        isGivenUp ? { ok: false, kind: 'cancelled', error: 'enough' } : { ok: true, value: 'TimeoutError' },
      );
      expect(told.includes('timed_out')).toBe(!isGivenUp || end === 'listener');
      expect(told.filter((kind) => kind === 'fell_back')).toHaveLength(isGivenUp ? 0 : 1);
      work.open('at last');
      await clock.advance(0);
      // The place was given back, and once.
      expect(places.atWork).toBe(0);
    },
  );
});
