import { describe, expect, it } from 'vitest';
import { gated, hanging, transient } from '../../test/policies/operations.ts';
import { ConfigurationError } from '../errors/index.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { type BulkheadEvent, bulkhead, compose, constant, retry, timeout } from './index.ts';

describe('bulkhead', () => {
  it('lets no more be at work than its limit, and rejects what finds the queue full', async () => {
    const events: BulkheadEvent[] = [];
    const policy = bulkhead({
      limit: 2,
      queue: 1,
      clock: new VirtualClock(),
      on: (event) => events.push(event),
    });
    const { operation, open } = gated<number>();
    const calls = [1, 2, 3].map(() => policy.execute(operation));
    await expect(policy.execute(operation)).rejects.toMatchObject({
      name: 'BulkheadFullError',
      kind: 'rejected',
    });
    expect([policy.atWork, policy.waiting]).toEqual([2, 1]);
    open(7);
    expect(await Promise.all(calls)).toEqual([7, 7, 7]);
    expect([policy.atWork, policy.waiting]).toEqual([0, 0]);
    expect(events).toEqual([
      { kind: 'queued', waiting: 1 },
      { kind: 'rejected', why: 'full' },
    ]);
  });

  it('has the place of a call that fails free again', async () => {
    const clock = new VirtualClock();
    const policy = bulkhead({ limit: 1, clock });
    for (const options of [undefined, { deadline: Infinity }]) {
      await expect(policy.execute(() => Promise.reject(transient()), options)).rejects.toThrow('away');
      await expect(policy.execute(() => 1, options)).resolves.toBe(1);
      expect(policy.atWork).toBe(0);
    }
  });

  it('serves those who wait in the order in which they came, before any newcomer', async () => {
    const policy = bulkhead({ limit: 1, queue: 9, clock: new VirtualClock() });
    const order: number[] = [];
    const gate = gated<void>();
    const call = (number: number) =>
      policy.execute(async () => {
        order.push(number);
        await gate.operation();
        if (number === 1) void policy.execute(() => void order.push(99));
      });
    const calls = [1, 2, 3].map(call);
    gate.open();
    await Promise.all(calls);
    await policy.execute(() => {});
    expect(order).toEqual([1, 2, 3, 99]);
  });

  it('goes on with the next in the queue when the first has given up', async () => {
    const policy = bulkhead({ limit: 1, queue: 2, clock: new VirtualClock() });
    const { operation, open } = gated<string>();
    const caller = new AbortController();
    const running = policy.execute(operation);
    const first = policy.execute(() => 'first', { signal: caller.signal });
    const second = policy.execute(() => 'second');
    caller.abort('enough');
    await expect(first).rejects.toBe('enough');
    open('running');
    expect(await Promise.all([running, second])).toEqual(['running', 'second']);
    expect([policy.atWork, policy.waiting]).toEqual([0, 0]);
  });

  it('rejects after the time in the queue, and leaves no timer', async () => {
    const clock = new VirtualClock();
    const policy = bulkhead({ limit: 1, queue: 1, queueTimeout: '5s', clock });
    void policy.execute(hanging);
    const waiting = policy.executeOutcome(() => 1);
    await clock.advance('5s');
    expect(await waiting).toMatchObject({ ok: false, kind: 'rejected' });
    expect([policy.waiting, clock.pendingTimers]).toEqual([0, 0]);
  });

  it("holds a call's place until its work has ended, also when the call itself has timed out", async () => {
    const clock = new VirtualClock();
    const limited = bulkhead({ limit: 1, clock });
    const { operation, open } = gated<number>();
    for (const policy of [
      compose(timeout({ after: '1s', clock }), limited),
      compose(limited, timeout({ after: '1s', clock })),
    ]) {
      const { operation, open } = gated<number>();
      const timedOut = policy.executeOutcome(operation);
      await clock.advance('1s');
      expect(await timedOut).toMatchObject({ ok: false, kind: 'timeout' });
      expect(limited.atWork).toBe(1);
      open(1);
      await clock.advance(0);
      expect(limited.atWork).toBe(0);
    }
    const retried = compose(
      limited,
      retry({ attempts: 2, backoff: constant(0), clock }),
      timeout({ after: '1s', clock }),
    );
    const result = retried.executeOutcome(operation);
    await clock.advance('2s');
    expect(await result).toMatchObject({ kind: 'timeout' });
    expect(limited.atWork).toBe(1);
    open(1);
    await clock.advance(0);
    expect(limited.atWork).toBe(0);
  });

  it.each([
    ['limit', { limit: 0 }],
    ['queue', { limit: 1, queue: -1 }],
    ['queueTimeout', { limit: 1, queueTimeout: 0 }],
  ])('refuses a wrong %s', (field, options) => {
    expect(() => bulkhead(options)).toThrow(ConfigurationError);
    expect(() => bulkhead(options)).toThrow(`bulkhead.${field}`);
  });

  it('lets in ever so many that end at once, one after the other', async () => {
    const policy = bulkhead({ limit: 1, queue: 5_000 });
    const first = gated<string>();
    const calls = [policy.execute(first.operation)];
    for (let index = 0; index < 5_000; index++) calls.push(policy.execute(() => `call ${index}`));
    first.open('the first');
    const results = await Promise.all(calls);
    expect(results.slice(0, 2)).toEqual(['the first', 'call 0']);
    expect(results.at(-1)).toBe('call 4999');
    expect(policy.atWork).toBe(0);
  });
});
