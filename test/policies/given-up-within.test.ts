import { describe, expect, it, vi } from 'vitest';
import {
  bulkhead,
  type CircuitBreaker,
  type CircuitBreakerOptions,
  circuitBreaker,
  compose,
  consecutiveFailures,
  fallback,
  retry,
  retryBudget,
  timeout,
} from '../../src/policy/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { gated, hanging, transient } from './operations.ts';

function failing(): Promise<never> {
  return Promise.reject(transient());
}

describe('a call that code of its own gives up, called by a policy', () => {
  describe.each([
    ['a time-out outside', undefined],
    ['its deadline', 1_000],
  ])('as %s ends it', (_what, deadline) => {
    it.each<[string, (giveUp: () => void) => Partial<CircuitBreakerOptions>]>([
      [
        'the listener of a breaker that opens',
        (giveUp) => ({ on: ({ kind }) => kind === 'moved' && giveUp() }),
      ],
      ["a breaker's `handle`", (giveUp) => ({ handle: () => giveUp() === undefined })],
    ])('by %s, has its place until its work ends, and gives it back once', async (_who, options) => {
      const clock = new VirtualClock();
      const caller = new AbortController();
      const work = gated<string>();
      const places = bulkhead({ limit: 2, clock });
      const breaker = circuitBreaker({
        name: 'odds',
        trip: consecutiveFailures(1),
        clock,
        ...options(() => caller.abort('enough')),
      });
      const policy = compose(
        timeout({ after: deadline === undefined ? '1s' : '1h', clock }),
        places,
        breaker,
      );
      const result = policy.executeOutcome(work.operation, { signal: caller.signal, deadline });
      await clock.advance('1s');
      expect(await result).toMatchObject({ kind: 'cancelled', error: 'enough' });
      const others = [1, 2, 3].map(() => places.executeOutcome(hanging));
      expect(places.atWork).toBe(2);
      work.open('at last');
      await clock.advance(0);
      expect(places.atWork).toBe(1);
      expect(await Promise.all(others.slice(1))).toMatchObject([{ kind: 'rejected' }, { kind: 'rejected' }]);
      expect(clock.pendingTimers).toBe(0);
    });
  });

  it.each(['handle', 'backoff'] as const)(
    'is not to be made again, where that was its %s: no budget is charged, and nobody told',
    async (who) => {
      const clock = new VirtualClock();
      const caller = new AbortController();
      const budget = retryBudget({ ratio: 1, minPerSecond: 0, clock });
      const told = vi.fn();
      const asked: string[] = [];
      const ask = (whom: typeof who) => {
        asked.push(whom);
        if (whom === who) caller.abort('enough');
        return 5;
      };
      const policy = retry({
        clock,
        budget,
        on: told,
        handle: () => ask('handle') > 0,
        backoff: () => ask('backoff'),
      });
      expect(await policy.executeOutcome(failing, { signal: caller.signal })).toMatchObject({
        kind: 'cancelled',
        error: 'enough',
      });
      expect(asked.at(-1)).toBe(who);
      expect(told).not.toHaveBeenCalled();
      expect(budget.withdraw()).toBe(true);
      expect(clock.pendingTimers).toBe(0);
    },
  );

  it.each(['handle', 'on'] as const)('gets no substitute, where that was its %s', async (who) => {
    const clock = new VirtualClock();
    const caller = new AbortController();
    const substitute = vi.fn();
    const told: string[] = [];
    const policy = fallback(substitute, {
      clock,
      handle: ({ ok }) => {
        if (who === 'handle') caller.abort('enough');
        return !ok;
      },
      on: ({ kind }) => {
        told.push(kind);
        caller.abort('enough');
      },
    });
    expect(await policy.executeOutcome(failing, { signal: caller.signal })).toMatchObject({
      kind: 'cancelled',
      error: 'enough',
    });
    expect(substitute).not.toHaveBeenCalled();
    expect(told).toEqual(who === 'handle' ? [] : ['fell_back']);
  });
});

describe('a breaker that its listener moves on as it begins to probe', () => {
  function probing(onHalfOpen: (breaker: CircuitBreaker) => void) {
    const clock = new VirtualClock();
    const breaker: CircuitBreaker = circuitBreaker({
      name: 'odds',
      trip: consecutiveFailures(1),
      openFor: '10s',
      clock,
      on: (event) => {
        if (event.kind === 'moved' && event.to === 'half-open') onHalfOpen(breaker);
      },
    });
    return { clock, breaker };
  }

  it('lets nothing through once that isolates it, and has the probe place when it does again', async () => {
    let hold: Disposable | undefined;
    const { clock, breaker } = probing((own) => {
      hold ??= own.isolate();
    });
    await breaker.executeOutcome(failing);
    await clock.advance('10s');
    const operation = vi.fn(() => 'there');
    expect(await breaker.executeOutcome(operation)).toMatchObject({ kind: 'rejected' });
    expect(operation).not.toHaveBeenCalled();
    hold?.[Symbol.dispose]();
    await breaker.executeOutcome(failing);
    await clock.advance('10s');
    expect(await breaker.execute(operation)).toBe('there');
  });

  it('moves nowhere, and so lets nothing through, as it is reset or restored while it is isolated', async () => {
    const clock = new VirtualClock();
    const moves: string[] = [];
    const operation = vi.fn(() => 'there');
    const breaker: CircuitBreaker = circuitBreaker({
      name: 'odds',
      clock,
      on: (event) => {
        if (event.kind !== 'moved') return;
        moves.push(`${event.from} to ${event.to}`);
        void breaker.executeOutcome(operation);
      },
    });
    const closed = breaker.snapshot();
    const hold = breaker.isolate();
    breaker.reset();
    breaker.restore(closed);
    expect(moves).toEqual(['closed to isolated']);
    expect(operation).not.toHaveBeenCalled();
    hold[Symbol.dispose]();
    expect(moves).toEqual(['closed to isolated', 'isolated to closed']);
  });

  it('lets through what comes, once that resets it', async () => {
    const { clock, breaker } = probing((own) => own.reset());
    await breaker.executeOutcome(failing);
    await clock.advance('10s');
    const calls = [1, 2, 3].map((number) => breaker.execute(() => number));
    expect(await Promise.all(calls)).toEqual([1, 2, 3]);
    expect(breaker.state).toBe('closed');
  });
});
