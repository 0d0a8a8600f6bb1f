import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it, vi } from 'vitest';
import { flaky, gated, hanging, transient } from '../../test/policies/operations.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { Chain } from './chain.ts';
import {
  type Bulkhead,
  bulkhead,
  circuitBreaker,
  compose,
  consecutiveFailures,
  constant,
  definePolicy,
  fallback,
  type Policy,
  rateLimiter,
  retry,
  retryBudget,
  timeout,
} from './index.ts';
import type { Layer } from './layer.ts';

describe('an attempt', () => {
  it('knows, where nothing bounds it, that it is the first and has all the time there is', async () => {
    const seen: unknown[] = [];
    await retry({ clock: new VirtualClock() }).execute((attempt) => {
      seen.push(attempt.attempt, attempt.deadline, attempt.remaining(), attempt.signal.aborted);
    });
    expect(seen).toEqual([1, Infinity, Infinity, false]);
  });

  it('knows its number, its deadline and the time left, also when it is not the first', async () => {
    const clock = new VirtualClock();
    await clock.advance('1s');
    const seen: unknown[] = [];
    const policy = retry({ attempts: 3, backoff: constant('2s'), clock });
    const result = policy.executeOutcome(
      (attempt) => {
        seen.push([attempt.attempt, attempt.deadline, attempt.remaining()]);
        throw transient();
      },
      { deadline: clock.now() + 10_000 },
    );
    await clock.runUntil(result);
    expect(seen).toEqual([
      [1, 11_000, 10_000],
      [2, 11_000, 8_000],
      [3, 11_000, 6_000],
    ]);
  });

  it('has no time left once its deadline has passed, rather than less than none', async () => {
    const clock = new VirtualClock();
    const left: (() => number)[] = [];
    const policy = retry({ attempts: 2, backoff: constant('1s'), clock });
    const result = policy.executeOutcome(
      (attempt) => {
        left.push(() => attempt.remaining());
        return left.length === 1 ? Promise.reject(transient()) : hanging();
      },
      { deadline: 5_000 },
    );
    await clock.advance('2s');
    expect(left.map((remaining) => remaining())).toEqual([3_000, 3_000]);
    await clock.advance('1m');
    expect(await result).toMatchObject({ kind: 'timeout' });
    expect(left.map((remaining) => remaining())).toEqual([0, 0]);
  });

  it('has a deadline of its own from a time-out inside the retry, and the earlier of two', async () => {
    const clock = new VirtualClock();
    const deadlines: number[] = [];
    const policy = compose(
      timeout({ after: '15s', clock }),
      retry({ attempts: 2, backoff: constant('1s'), clock }),
      timeout({ after: '10s', clock }),
    );
    const result = policy.executeOutcome(({ deadline }) => {
      deadlines.push(deadline);
      return hanging();
    });
    await clock.advance('1m');
    expect(await result).toMatchObject({ kind: 'timeout' });
    expect(deadlines).toEqual([10_000, 15_000]);
  });

  it('is counted from one again by a retry inside another', async () => {
    const clock = new VirtualClock();
    const attempts: number[] = [];
    const twice = () => retry({ attempts: 2, backoff: constant(0), clock });
    await compose(twice(), twice()).executeOutcome(({ attempt }) => {
      attempts.push(attempt);
      throw transient();
    });
    expect(attempts).toEqual([1, 2, 1, 2]);
  });

  it('keeps its number below a policy of your own', async () => {
    const clock = new VirtualClock();
    const attempts: number[] = [];
    const through = definePolicy('through', (next) => next());
    const policy = compose(retry({ attempts: 3, backoff: constant(0), clock }), through);
    await policy.executeOutcome(({ attempt }) => {
      attempts.push(attempt);
      throw transient();
    });
    expect(attempts).toEqual([1, 2, 3]);
  });

  it('is counted from one again by a retry below a policy of your own', async () => {
    const clock = new VirtualClock();
    const attempts: number[] = [];
    const twice = () => retry({ attempts: 2, backoff: constant(0), clock });
    const through = definePolicy('through', (next) => next());
    await compose(twice(), through, twice()).executeOutcome(({ attempt }) => {
      attempts.push(attempt);
      throw transient();
    });
    expect(attempts).toEqual([1, 2, 1, 2]);
  });
});

describe('a call', () => {
  it('is not made when its deadline has passed already, and is a time-out', async () => {
    const clock = new VirtualClock();
    await clock.advance('1m');
    const operation = vi.fn(() => 1);
    for (const deadline of [clock.now(), clock.now() - 1_000]) {
      const outcome = await retry({ clock }).executeOutcome(operation, { deadline });
      expect(outcome).toMatchObject({
        ok: false,
        kind: 'timeout',
        error: { after: 0, message: 'The call was not done by its deadline' },
      });
    }
    expect(operation).not.toHaveBeenCalled();
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends at its deadline, and aborts what is under way; its breaker counts a time-out', async () => {
    const clock = new VirtualClock();
    await clock.advance('1s');
    const breaker = circuitBreaker({ name: 'odds', trip: consecutiveFailures(1), clock });
    let reason: unknown;
    const result = breaker.executeOutcome(
      ({ signal }) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason;
        });
        return hanging();
      },
      { deadline: 4_000 },
    );
    await clock.advance('3s');
    const outcome = await result;
    expect(outcome).toMatchObject({ ok: false, kind: 'timeout', error: { after: 3_000 } });
    expect(outcome.ok === false && outcome.error).toBe(reason);
    expect(breaker.state).toBe('open');
    expect(clock.pendingTimers).toBe(0);
  });

  it('leaves no timer for its deadline when it ends before, also under a signal', async () => {
    const clock = new VirtualClock();
    const policy = retry({ clock });
    await policy.execute(() => 1, { deadline: 60_000 });
    await policy.execute(() => 1, { deadline: 60_000, signal: new AbortController().signal });
    expect(clock.pendingTimers).toBe(0);
  });

  it("is the caller's own end to the breaker, which counts it as nothing", async () => {
    const clock = new VirtualClock();
    const breaker = circuitBreaker({ name: 'odds', trip: consecutiveFailures(1), clock });
    const caller = new AbortController();
    const result = breaker.executeOutcome(hanging, { signal: caller.signal });
    caller.abort(transient());
    expect(await result).toMatchObject({ ok: false, kind: 'cancelled' });
    expect(breaker.state).toBe('closed');
  });

  it('counts once in a budget, however many policies of your own lie between those that share it', async () => {
    const clock = new VirtualClock();
    const deposit = vi.fn();
    const budget = { ...retryBudget({ clock }), deposit, withdraw: () => true, balance: 1 };
    const again = () => retry({ attempts: 2, backoff: constant(0), budget, clock });
    const through = definePolicy('through', (next) => next());
    await compose(again(), again(), through, again(), through, again()).execute(() => 1);
    expect(deposit).toHaveBeenCalledTimes(1);
    const other = vi.fn();
    const others = { ...budget, deposit: other };
    const apart = retry({ attempts: 2, backoff: constant(0), budget: others, clock });
    await compose(again(), through, apart, through, apart).execute(() => 1);
    expect(deposit).toHaveBeenCalledTimes(2);
    expect(other).toHaveBeenCalledTimes(1);
  });

  it('goes through more than three layers, each of which keeps what it knows of it', async () => {
    const clock = new VirtualClock();
    const events: string[] = [];
    const within = (name: string, after: number) =>
      timeout({ after, clock, on: ({ kind }) => events.push(`${name} ${kind}`) });
    const policy = compose(
      within('first', 50_000),
      within('second', 40_000),
      within('third', 30_000),
      within('fourth', 20_000),
      within('fifth', 10_000),
    );
    expect(await policy.execute(() => 7)).toBe(7);
    expect(clock.pendingTimers).toBe(0);
    const result = policy.executeOutcome(hanging);
    await clock.advance('1m');
    expect(await result).toMatchObject({ kind: 'timeout', error: { after: 10_000 } });
    expect(events).toEqual(['fifth timed_out', 'fifth work_left_running']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('counts in a budget below a policy of your own', async () => {
    const clock = new VirtualClock();
    const budget = retryBudget({ ratio: 1, minPerSecond: 0, clock });
    const through = definePolicy('through', (next) => next());
    const policy = compose(through, retry({ backoff: constant(0), budget, clock }));
    await expect(policy.execute(flaky(1))).resolves.toBe(2);
    await expect(policy.execute(flaky(2))).rejects.toThrow('away');
  });

  it('hears of its deadline where it was made', async () => {
    const clock = new VirtualClock();
    const who = new AsyncLocalStorage<string>();
    const heard: unknown[] = [];
    const call = (name: string, deadline: number) =>
      who.run(name, () =>
        retry({ clock }).executeOutcome(
          ({ signal }) => {
            signal.addEventListener('abort', () => heard.push(who.getStore()));
            return hanging();
          },
          { deadline },
        ),
      );
    const calls = [call('first', 2_000), call('second', 1_000)];
    await clock.advance('2s');
    await Promise.all(calls);
    expect(heard).toEqual(['second', 'first']);
  });

  it.each<[string, (clock: VirtualClock) => Policy, number | undefined]>([
    ['a time-out', (clock) => timeout({ after: '1s', clock }), undefined],
    ['a time-out with a grace', (clock) => timeout({ after: '1s', grace: '1s', clock }), undefined],
    ['its deadline', (clock) => bulkhead({ limit: 2, clock }), 1_000],
  ])(
    'hears where it was made that it is ended by %s, though nobody else listens',
    async (_name, make, deadline) => {
      const clock = new VirtualClock();
      const who = new AsyncLocalStorage<string>();
      const heard: unknown[] = [];
      const policy = make(clock);
      const calls = ['first', 'second'].map((name) =>
        who.run(name, () =>
          policy.executeOutcome(
            ({ signal }) => {
              signal.addEventListener('abort', () => heard.push(who.getStore()));
              return hanging();
            },
            { deadline },
          ),
        ),
      );
      await clock.advance('5s');
      expect((await Promise.all(calls)).map(({ ok }) => ok)).toEqual([false, false]);
      expect(heard).toEqual(['first', 'second']);
    },
  );

  it('is not made again when its caller gives up just before, after one that failed at once', async () => {
    const clock = new VirtualClock();
    const caller = new AbortController();
    const operation = vi.fn(() => {
      queueMicrotask(() => caller.abort('enough'));
      throw transient();
    });
    const policy = retry({ attempts: 3, backoff: constant(0), clock });
    expect(await policy.executeOutcome(operation, { signal: caller.signal })).toMatchObject({
      kind: 'cancelled',
      error: 'enough',
    });
    await clock.advance('1s');
    expect(operation).toHaveBeenCalledTimes(1);
  });

  it('is made again after a thenable that rejects, as after a promise', async () => {
    const policy = compose(retry({ attempts: 2, backoff: constant(0) }), timeout({ after: '1h' }));
    const then = (_resolve: unknown, reject: (error: unknown) => void) => reject(transient());
    for (const make of [() => ({}), () => () => {}]) {
      const operation = vi.fn((): unknown => Object.defineProperty(make(), 'then', { value: then }));
      expect(await policy.executeOutcome(operation)).toMatchObject({ ok: false, kind: 'transient' });
      expect(operation).toHaveBeenCalledTimes(2);
    }
  });

  it('hears once of a promise whose own `then` calls back twice', async () => {
    class Twice<T> extends Promise<T> {
      // biome-ignore lint/suspicious/noThenProperty: it is about promises of one's own
      override then<A = T, B = never>(
        one?: ((value: T) => A | PromiseLike<A>) | null,
        other?: ((reason: unknown) => B | PromiseLike<B>) | null,
      ): Promise<A | B> {
        super.then(one, other);
        return super.then(one, other);
      }
    }
    const policy = timeout({ after: '1h', clock: new VirtualClock() });
    expect(await policy.execute(() => Twice.resolve(1))).toBe(1);
    // Had it called back twice, these two would hear of one another's work.
    const first = gated<string>();
    const second = gated<string>();
    const both = [policy.execute(first.operation), policy.execute(second.operation)];
    first.open('of the first');
    second.open('of the second');
    expect(await Promise.all(both)).toEqual(['of the first', 'of the second']);
  });

  it('takes a function with a `then` for a promise, and anything else that has none for a value', async () => {
    const policy = compose(
      retry(),
      fallback(() => 'last known'),
    );
    // biome-ignore lint/suspicious/noThenProperty: it is about thenables
    const callable = Object.assign(() => {}, { then: (resolve: (value: string) => void) => resolve('late') });
    expect(await policy.execute((): unknown => callable)).toBe('late');
    const plain = () => 1;
    const likeOne: unknown = JSON.parse('{ "then": 1 }');
    for (const value of [null, undefined, 0, '', 'then', plain, likeOne, { data: 1 }])
      expect(await policy.execute((): unknown => value)).toBe(value);
  });
});

describe('a call that a listener gives up', () => {
  it('as it has to wait for its turn, leaves the queue', async () => {
    const clock = new VirtualClock();
    const caller = new AbortController();
    const limited = bulkhead({
      limit: 1,
      queue: 1,
      queueTimeout: '1m',
      clock,
      on: () => caller.abort('enough'),
    });
    const { operation, open } = gated<number>();
    const first = limited.execute(operation);
    const second = vi.fn(() => 2);
    expect(await limited.executeOutcome(second, { signal: caller.signal })).toEqual({
      ok: false,
      error: 'enough',
      kind: 'cancelled',
    });
    expect(limited.waiting).toBe(0);
    expect(clock.pendingTimers).toBe(0);
    open(1);
    expect(await first).toBe(1);
    await clock.advance('1m');
    expect(limited.atWork).toBe(0);
    expect(second).not.toHaveBeenCalled();
  });

  it('as it is turned away, takes no place from those at work', async () => {
    const clock = new VirtualClock();
    const caller = new AbortController();
    const limited = bulkhead({ limit: 1, clock, on: () => caller.abort('enough') });
    void limited.execute(hanging);
    expect(await limited.executeOutcome(() => 2, { signal: caller.signal })).toMatchObject({
      error: 'enough',
      kind: 'cancelled',
    });
    expect(limited.atWork).toBe(1);
  });

  it('as it would be a probe, gives its place to the next', async () => {
    const clock = new VirtualClock();
    const caller = new AbortController();
    const breaker = circuitBreaker({
      name: 'odds',
      trip: consecutiveFailures(1),
      openFor: '10s',
      clock,
      on: (event) => {
        if (event.kind === 'moved' && event.from === 'open') caller.abort('enough');
      },
    });
    await breaker.executeOutcome(() => Promise.reject(transient()));
    await clock.advance('10s');
    const operation = vi.fn(() => 1);
    expect(await breaker.executeOutcome(operation, { signal: caller.signal })).toMatchObject({
      error: 'enough',
      kind: 'cancelled',
    });
    expect(operation).not.toHaveBeenCalled();
    expect(await breaker.execute(() => 'probed')).toBe('probed');
    expect(breaker.state).toBe('closed');
  });

  it('between two attempts, is called no more', async () => {
    const clock = new VirtualClock();
    for (const backoff of [constant(0), constant('1s')]) {
      const caller = new AbortController();
      const policy = retry({ attempts: 9, backoff, clock, on: () => caller.abort('enough') });
      const operation = flaky(9);
      const result = policy.executeOutcome(operation, { signal: caller.signal });
      await clock.advance('1m');
      expect(await result).toMatchObject({ error: 'enough', kind: 'cancelled' });
      expect(operation).toHaveBeenCalledTimes(1);
      expect(clock.pendingTimers).toBe(0);
    }
  });

  it('as it falls back, gives the reason and not the substitute, and its place once', async () => {
    const clock = new VirtualClock();
    const caller = new AbortController();
    const limited = bulkhead({ limit: 1, clock });
    const substitute = fallback(async () => 'last known', { clock, on: () => caller.abort('enough') });
    const policy = compose(limited, substitute);
    expect(
      await policy.executeOutcome(() => Promise.reject(transient()), { signal: caller.signal }),
    ).toMatchObject({ error: 'enough', kind: 'cancelled' });
    await clock.advance('1s');
    expect(limited.atWork).toBe(0);
  });
});

describe('work that is left behind', () => {
  it('keeps its place until it ends, but no longer: not when it has ended before the call', async () => {
    const clock = new VirtualClock();
    const limited = bulkhead({ limit: 1, clock });
    const policy = compose(
      limited,
      retry({ attempts: 2, backoff: constant('5s'), clock }),
      timeout({ after: '1s', clock }),
    );
    const slow = gated<number>();
    let calls = 0;
    const result = policy.execute(() => {
      calls += 1;
      return calls === 1 ? slow.operation() : 2;
    });
    await clock.advance('2s');
    slow.open(1);
    await clock.advance('10s');
    expect(await result).toBe(2);
    expect(limited.atWork).toBe(0);
  });

  it('keeps its places in all that it went through', async () => {
    const clock = new VirtualClock();
    const outer = bulkhead({ limit: 1, clock });
    const inner = bulkhead({ limit: 1, clock });
    const slow = gated<number>();
    const policy = compose(outer, inner, timeout({ after: '1s', clock }));
    const result = policy.executeOutcome(slow.operation);
    await clock.advance('1s');
    expect(await result).toMatchObject({ kind: 'timeout' });
    expect([outer.atWork, inner.atWork]).toEqual([1, 1]);
    slow.open(7);
    await clock.advance('1s');
    expect([outer.atWork, inner.atWork]).toEqual([0, 0]);
  });

  it('keeps its place until the last of several has ended', async () => {
    const clock = new VirtualClock();
    const limited = bulkhead({ limit: 1, clock });
    const policy = compose(
      limited,
      retry({ attempts: 3, backoff: constant(0), clock }),
      timeout({ after: '1s', clock }),
    );
    const gates = [gated<number>(), gated<number>(), gated<number>()];
    let calls = 0;
    const result = policy.executeOutcome(() => (gates[calls++] as (typeof gates)[number]).operation());
    await clock.advance('1s');
    await clock.advance('1s');
    await clock.advance('1s');
    expect(await result).toMatchObject({ kind: 'timeout' });
    for (const [index, gate] of gates.entries()) {
      expect(limited.atWork).toBe(1);
      gate.open(index);
      await clock.advance(0);
    }
    expect(limited.atWork).toBe(0);
  });

  it('keeps the place of the attempt that it was made for', async () => {
    const clock = new VirtualClock();
    const limited = bulkhead({ limit: 2, clock });
    const policy = compose(
      retry({ attempts: 2, backoff: constant(0), clock }),
      limited,
      timeout({ after: '1s', clock }),
    );
    const gates = [gated<number>(), gated<number>()];
    let calls = 0;
    const result = policy.executeOutcome(() => (gates[calls++] as (typeof gates)[number]).operation());
    await clock.advance('1s');
    expect(limited.atWork).toBe(2);
    await clock.advance('1s');
    expect(await result).toMatchObject({ kind: 'timeout' });
    expect(limited.atWork).toBe(2);
    gates[1]?.open(2);
    await clock.advance(0);
    expect(limited.atWork).toBe(1);
    gates[0]?.open(1);
    await clock.advance(0);
    expect(limited.atWork).toBe(0);
  });

  it('below a policy of your own, keeps the place of the call that it was made for', async () => {
    const clock = new VirtualClock();
    const limited = bulkhead({ limit: 1, clock });
    const policy = compose(
      limited,
      definePolicy('through', (next) => next()),
      timeout({ after: '1s', clock }),
    );
    const slow = gated<number>();
    const result = policy.executeOutcome(slow.operation);
    await clock.advance('1s');
    expect(await result).toMatchObject({ kind: 'timeout' });
    expect(limited.atWork).toBe(1);
    slow.open(1);
    await clock.advance(0);
    expect(limited.atWork).toBe(0);
  });

  it('below a policy of your own that calls twice, keeps the place until both have ended', async () => {
    const clock = new VirtualClock();
    const limited = bulkhead({ limit: 1, clock });
    const policy = compose(
      limited,
      timeout({ after: '1s', clock }),
      definePolicy('twice', async (next) => (await Promise.all([next(), next()]))[0]),
    );
    const gates = [gated<number>(), gated<number>()];
    let calls = 0;
    const result = policy.executeOutcome(() => (gates[calls++] as (typeof gates)[number]).operation());
    await clock.advance('1s');
    expect(await result).toMatchObject({ kind: 'timeout' });
    const places: number[] = [limited.atWork];
    for (const gate of gates) {
      gate.open(1);
      await clock.advance(0);
      places.push(limited.atWork);
    }
    expect(places).toEqual([1, 1, 0]);
  });

  it('gives back no turn of a rate limiter that its caller did not wait for to the end', async () => {
    const clock = new VirtualClock();
    const policy = rateLimiter({ limit: 1, wait: '1m', clock });
    const caller = new AbortController();
    const operation = vi.fn(() => 1);
    await policy.execute(operation);
    const given = policy.executeOutcome(operation, { signal: caller.signal });
    const next = policy.execute(operation);
    caller.abort('enough');
    expect(await given).toMatchObject({ error: 'enough' });
    await clock.advance('1s');
    expect(await next).toBe(1);
    expect(operation).toHaveBeenCalledTimes(2);
    expect(clock.pendingTimers).toBe(0);
  });

  it('leaves a layer once, also if who hears that it ends the call gives that up', async () => {
    const clock = new VirtualClock();
    const caller = new AbortController();
    const left: string[] = [];
    let end = () => {};
    const layer: Layer = {
      clock,
      callsBack: false,
      enter: (call, slot) => {
        end = () => call.endAt(slot, new Error('ended'));
        return undefined;
      },
      succeed: () => void left.push('succeed'),
      fail: () => void left.push('fail'),
      ended: () => left.push('ended'),
    };
    const options = { signal: caller.signal };
    const result = new Chain([layer])
      .call(({ signal }) => {
        signal.addEventListener('abort', () => caller.abort('enough'));
        return hanging();
      }, undefined)
      .executeOutcome(options);
    end();
    expect(await result).toMatchObject({ kind: 'cancelled', error: 'enough' });
    expect(left).toEqual(['ended']);
  });

  it.each<[string, () => Policy]>([
    ['a time-out', () => timeout({ after: '1h' })],
    ['a bulkhead', () => bulkhead({ limit: 1 })],
  ])(
    'hears through %s once of a promise that calls back by itself, and no other call hears of it',
    async (_what, make) => {
      const late: (() => void)[] = [];
      const odd = () => {
        const promise = Promise.resolve('its own');
        const ownThen = (resolve: (value: string) => void) => {
          for (const value of ['odd', 'odd again']) {
            resolve(value);
            late.push(() => resolve(`${value}, late`));
          }
        };
        return Object.defineProperty(promise, 'then', { value: ownThen });
      };
      const policy = make();
      expect(await policy.execute(odd)).toBe('its own');
      const { operation, open } = gated<string>();
      const others = [1, 2].map(() => make().execute(operation));
      for (const call of late) call();
      open("another's");
      expect(await Promise.all(others)).toEqual(["another's", "another's"]);
      expect((policy as Partial<Bulkhead>).atWork ?? 0).toBe(0);
    },
  );
});
