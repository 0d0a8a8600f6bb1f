import { describe, expect, it, vi } from 'vitest';
import { flaky, gated, hanging, transient } from '../../test/policies/operations.ts';
import { ServiceError } from '../errors/index.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { sleep } from '../time/index.ts';
import {
  type Attempt,
  bulkhead,
  compose,
  constant,
  type HedgeEvent,
  hedge,
  retry,
  retryBudget,
  timeout,
} from './index.ts';

describe('hedge', () => {
  it('makes another call when the first is slow; the quicker wins, and the other is aborted', async () => {
    const clock = new VirtualClock();
    const events: HedgeEvent[] = [];
    const signals: AbortSignal[] = [];
    const policy = hedge({ after: '1s', clock, on: (event) => events.push(event) });
    const result = policy.execute(async ({ signal }) => {
      signals.push(signal);
      await sleep(clock, signals.length === 1 ? 10_000 : 500, signal);
      return signals.length;
    });
    await expect(clock.runUntil(result)).resolves.toBe(2);
    expect(clock.now()).toBe(1_500);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(clock.pendingTimers).toBe(0);
    expect(events).toEqual([
      { kind: 'hedged', call: 2, why: 'slow' },
      { kind: 'won', call: 2 },
    ]);
  });

  it('makes no other call when the first is quick', async () => {
    const clock = new VirtualClock();
    const operation = vi.fn(async () => 7);
    await expect(hedge({ after: '1s', clock }).execute(operation)).resolves.toBe(7);
    await clock.advance('1m');
    expect(operation).toHaveBeenCalledTimes(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('makes another call at once after a failure that may pass, and gives the last error', async () => {
    const clock = new VirtualClock();
    await expect(hedge({ after: '1h', clock }).execute(flaky(1))).resolves.toBe(2);
    const operation = flaky(9);
    await expect(hedge({ after: '1h', extra: 2, clock }).execute(operation)).rejects.toThrow('away');
    expect(operation).toHaveBeenCalledTimes(3);
    const permanent = new ServiceError('no', { service: 'odds', kind: 'permanent' });
    const once = flaky(9, () => permanent);
    await expect(hedge({ after: '1h', extra: 2, clock }).execute(once)).rejects.toBe(permanent);
    expect(once).toHaveBeenCalledTimes(1);
    expect(clock.now()).toBe(0);
  });

  it("aborts all its calls when the caller gives up, with the caller's reason", async () => {
    const clock = new VirtualClock();
    const caller = new AbortController();
    const reasons: unknown[] = [];
    const policy = hedge({ after: '1s', extra: 2, clock });
    const result = policy.executeOutcome(
      ({ signal }) => {
        signal.addEventListener('abort', () => reasons.push(signal.reason));
        return hanging();
      },
      { signal: caller.signal },
    );
    await clock.advance('3s');
    caller.abort('enough');
    expect(await result).toMatchObject({ error: 'enough', kind: 'cancelled' });
    expect(reasons).toEqual(['enough', 'enough', 'enough']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is charged to the budget that retries share, in which a call counts once', async () => {
    const clock = new VirtualClock();
    const budget = retryBudget({ ratio: 0.5, minPerSecond: 0, clock });
    const policy = compose(
      retry({ attempts: 9, backoff: constant(0), budget, clock }),
      hedge({ after: '1h', budget, clock }),
    );
    let calls = 0;
    for (let call = 0; call < 10; call++) {
      await policy.executeOutcome(() => {
        calls += 1;
        return Promise.reject(transient());
      });
    }
    expect(calls).toBe(15);
  });

  it('keeps its place in a bulkhead until the calls that lost have ended', async () => {
    const clock = new VirtualClock();
    const limited = bulkhead({ limit: 1, clock });
    const loser = Promise.withResolvers<number>();
    let calls = 0;
    const policy = compose(limited, hedge({ after: '1s', clock }), timeout({ after: '1m', clock }));
    const result = policy.execute(() => {
      calls += 1;
      return calls === 1 ? loser.promise : 2;
    });
    await expect(clock.runUntil(result)).resolves.toBe(2);
    expect(limited.atWork).toBe(1);
    loser.resolve(1);
    await clock.advance(0);
    expect(limited.atWork).toBe(0);
  });

  it('waits for the calls that still work when one has failed and no more are to be made', async () => {
    const clock = new VirtualClock();
    const events: HedgeEvent[] = [];
    const policy = hedge({ after: '1s', clock, on: (event) => events.push(event) });
    const gates = [gated<string>(), gated<string>()];
    let calls = 0;
    const result = policy.execute(async () => {
      const call = calls++;
      const answer = await (gates[call] as (typeof gates)[number]).operation();
      if (answer === 'fail') throw transient();
      return answer;
    });
    await clock.advance('1s');
    expect(clock.pendingTimers).toBe(0);
    gates[0]?.open('fail');
    await clock.advance('1s');
    gates[1]?.open('second');
    expect(await result).toBe('second');
    expect(calls).toBe(2);
    expect(events).toEqual([
      { kind: 'hedged', call: 2, why: 'slow' },
      { kind: 'won', call: 2 },
    ]);
  });

  it('tells why it makes another call, and of no winner where the first has won', async () => {
    const clock = new VirtualClock();
    const events: HedgeEvent[] = [];
    const policy = hedge({ after: '1s', clock, on: (event) => events.push(event) });
    expect(await policy.execute(() => 1)).toBe(1);
    expect(events).toEqual([]);
    expect(await policy.execute(flaky(1))).toBe(2);
    expect(events.splice(0)).toEqual([
      { kind: 'hedged', call: 2, why: 'failed' },
      { kind: 'won', call: 2 },
    ]);
    const gates = [gated<string>(), gated<string>()];
    let calls = 0;
    const result = policy.execute(() => (gates[calls++] as (typeof gates)[number]).operation());
    await clock.advance('1s');
    gates[0]?.open('first');
    gates[1]?.open('second, in the same turn');
    expect(await result).toBe('first');
    await clock.advance('1m');
    expect(events).toEqual([{ kind: 'hedged', call: 2, why: 'slow' }]);
  });

  it('makes no call that its budget does not allow, and earns its share by its own first calls', async () => {
    const clock = new VirtualClock();
    const budget = retryBudget({ ratio: 0.5, minPerSecond: 0, clock });
    const policy = hedge({ after: '1h', budget, clock });
    const calls = { made: 0 };
    for (let call = 0; call < 4; call++) {
      await policy.executeOutcome(() => {
        calls.made += 1;
        throw transient();
      });
    }
    expect(calls.made).toBe(6);
    const slow = vi.fn(hanging);
    void hedge({ after: '1s', budget, clock }).execute(slow);
    await clock.advance('1m');
    expect(slow).toHaveBeenCalledTimes(1);
  });

  it('is given up by its listener or by what it calls, and leaves nothing', async () => {
    const clock = new VirtualClock();
    const limited = bulkhead({ limit: 1, clock });
    for (const fails of [true, false]) {
      const caller = new AbortController();
      const policy = compose(limited, hedge({ after: '1s', clock, on: () => caller.abort('enough') }));
      const operation = vi.fn(async ({ signal }: Attempt): Promise<number> => {
        if (fails) throw transient();
        await sleep(clock, 10_000, signal);
        return 1;
      });
      const result = policy.executeOutcome(operation, { signal: caller.signal });
      await clock.advance('1s');
      expect(await result).toMatchObject({ error: 'enough', kind: 'cancelled' });
      await clock.advance('1m');
      expect(operation).toHaveBeenCalledTimes(1);
      expect(limited.atWork).toBe(0);
      expect(clock.pendingTimers).toBe(0);
    }
    const caller = new AbortController();
    const result = hedge({ after: '1s', clock }).executeOutcome(
      () => {
        caller.abort('at once');
        return hanging();
      },
      { signal: caller.signal },
    );
    expect(await result).toMatchObject({ error: 'at once', kind: 'cancelled' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('tells of no winner among values that are no good once its listener has given it up', async () => {
    const clock = new VirtualClock();
    const caller = new AbortController();
    const events: HedgeEvent[] = [];
    const policy = hedge({
      after: '1h',
      extra: 2,
      handle: (outcome) => outcome.ok,
      clock,
      on: (event) => {
        events.push(event);
        if (event.kind === 'hedged' && event.call === 3) caller.abort('enough');
      },
    });
    const result = policy.executeOutcome(async () => 0, { signal: caller.signal });
    expect(await result).toMatchObject({ error: 'enough' });
    await clock.advance(0);
    expect(events.map(({ kind, call }) => [kind, call])).toEqual([
      ['hedged', 2],
      ['hedged', 3],
    ]);
  });

  it.each([true, false])(
    'does nothing more once its filter has given it up (it says %s)',
    async (handled) => {
      const clock = new VirtualClock();
      const caller = new AbortController();
      const events: HedgeEvent[] = [];
      const budget = retryBudget({ minPerSecond: 1, clock });
      const policy = hedge({
        after: '1s',
        extra: 2,
        budget,
        handle: () => {
          caller.abort('enough');
          return handled;
        },
        clock,
        on: (event) => events.push(event),
      });
      const gates = [gated<number>(), gated<number>()];
      let calls = 0;
      const result = policy.executeOutcome(() => gates[calls++]?.operation(), { signal: caller.signal });
      await clock.advance('1s');
      const left = budget.balance;
      gates[1]?.open(7);
      expect(await result).toMatchObject({ error: 'enough' });
      await clock.advance(0);
      expect(events).toEqual([{ kind: 'hedged', call: 2, why: 'slow' }]);
      expect([budget.balance, calls, clock.pendingTimers]).toEqual([left, 2, 0]);
    },
  );

  it('is won by one, also when two answer at the same time', async () => {
    const clock = new VirtualClock();
    const told: string[] = [];
    const gates = [gated<string>(), gated<string>()];
    let calls = 0;
    const handle = vi.fn(() => false);
    const policy = hedge({ after: '1s', clock, handle, on: ({ kind }) => told.push(kind) });
    const result = policy.execute(() => (gates[calls++] as (typeof gates)[number]).operation());
    await clock.advance('1s');
    gates[0]?.open('the first');
    gates[1]?.open('the second');
    expect(await result).toBe('the first');
    await clock.advance('1m');
    expect(told).toEqual(['hedged']);
    // Of the other nobody is asked.
    expect(handle).toHaveBeenCalledTimes(1);
  });

  it('ends with the first failure that will not pass, whoever is at work', async () => {
    const clock = new VirtualClock();
    const wrong = new TypeError('wrong');
    let calls = 0;
    const result = hedge({ after: '1s', clock }).executeOutcome(() => {
      calls += 1;
      return calls === 1 ? hanging() : Promise.reject(wrong);
    });
    await clock.advance('1s');
    expect(await result).toEqual({ ok: false, error: wrong, kind: 'permanent' });
    expect(clock.pendingTimers).toBe(0);
  });
});
