import { describe, expect, it } from 'vitest';
import { bulkhead, fallback, hedge, rateLimiter } from '../../src/policy/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { gated, hanging, transient } from './operations.ts';

describe('what a policy tells of a call', () => {
  it('is, by a bulkhead, that it waits, and why it was turned away', async () => {
    const clock = new VirtualClock();
    const events: unknown[] = [];
    const policy = bulkhead({
      limit: 1,
      queue: 1,
      queueTimeout: '5s',
      clock,
      on: (event) => events.push(event),
    });
    void policy.execute(hanging);
    const waiting = policy.execute(() => 1).catch((error: Error) => error.message);
    await expect(policy.execute(() => 1)).rejects.toThrow('All 1 places are taken, and 1 calls wait already');
    await clock.advance('5s');
    expect(await waiting).toBe('No place of 1 was free within 5000 ms');
    expect(events).toEqual([
      { kind: 'queued', waiting: 1 },
      { kind: 'rejected', why: 'full' },
      { kind: 'rejected', why: 'queue_timeout' },
    ]);
  });

  it('is, by a rate limiter, how long it waits, or when to try again', async () => {
    const clock = new VirtualClock();
    const events: unknown[] = [];
    const policy = rateLimiter({ limit: 1, wait: '1s', clock, on: (event) => events.push(event) });
    const calls = [policy.execute(() => 1), policy.execute(() => 2)];
    await expect(policy.execute(() => 3)).rejects.toThrow('The rate limit is reached: try again in 2000 ms');
    await clock.advance('1s');
    expect(await Promise.all(calls)).toEqual([1, 2]);
    expect(events).toEqual([
      { kind: 'waiting', delay: 1_000 },
      { kind: 'rejected', retryAfter: 2_000 },
    ]);
  });

  it('is, by a fallback, the error that it stands for', async () => {
    const events: unknown[] = [];
    const error = transient();
    const policy = fallback(() => 'last known', { on: (event) => events.push(event) });
    expect(await policy.execute(() => 'fresh')).toBe('fresh');
    expect(await policy.execute(() => Promise.reject(error))).toBe('last known');
    expect(events).toEqual([{ kind: 'fell_back', error }]);
  });

  it('is, by a hedge, which calls it made and which of them won; the others hear why they are aborted', async () => {
    const clock = new VirtualClock();
    const events: unknown[] = [];
    const reasons: unknown[] = [];
    const policy = hedge({ after: '1s', extra: 1, clock, on: (event) => events.push(event) });
    const gates = [gated<string>(), gated<string>()];
    let calls = 0;
    const operation = ({ signal }: { readonly signal: AbortSignal }) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason));
      return (gates[calls++] as (typeof gates)[number]).operation();
    };
    const result = policy.execute(operation);
    await clock.advance('1s');
    gates[1]?.open('second');
    expect(await result).toBe('second');
    await clock.advance('1m');
    expect(events).toEqual([
      { kind: 'hedged', call: 2, why: 'slow' },
      { kind: 'won', call: 2 },
    ]);
    expect(reasons).toMatchObject([{ name: 'AbortError', message: 'Another call was quicker' }]);
    expect(clock.pendingTimers).toBe(0);
  });
});
