import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { rateLimiter } from './index.ts';

describe('rate limiter', () => {
  it('lets a burst through, then one call for each share of the time', async () => {
    const clock = new VirtualClock();
    const policy = rateLimiter({ limit: 3, per: '1s', clock });
    const passed = async () => (await policy.executeOutcome(() => 1)).ok;
    expect([await passed(), await passed(), await passed(), await passed()]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    await clock.advance('1s');
    expect([await passed(), await passed(), await passed(), await passed()]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    await clock.advance(334);
    expect([await passed(), await passed()]).toEqual([true, false]);
  });

  it('says when to try again', async () => {
    const policy = rateLimiter({ limit: 1, per: '10s', clock: new VirtualClock() });
    await policy.execute(() => 1);
    await expect(policy.execute(() => 1)).rejects.toMatchObject({
      name: 'RateLimitError',
      kind: 'rejected',
      retryAfter: 10_000,
    });
  });

  it('has calls wait their turn in order, and rejects at once who would wait too long', async () => {
    const clock = new VirtualClock();
    const policy = rateLimiter({ limit: 1, per: '1s', wait: '2s', clock });
    const times: number[] = [];
    const calls = [1, 2, 3].map(() => policy.execute(() => times.push(clock.now())));
    expect(await policy.executeOutcome(() => 1)).toMatchObject({ ok: false, kind: 'rejected' });
    await clock.advance('2s');
    await Promise.all(calls);
    expect(times).toEqual([0, 1_000, 2_000]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives the turn of one who gave up to the next', async () => {
    const clock = new VirtualClock();
    const policy = rateLimiter({ limit: 1, per: '1s', wait: Infinity, clock });
    const caller = new AbortController();
    await policy.execute(() => 1);
    const first = policy.executeOutcome(() => 1, { signal: caller.signal });
    const second = policy.execute(() => clock.now());
    caller.abort('enough');
    expect(await first).toMatchObject({ error: 'enough', kind: 'cancelled' });
    await expect(clock.runUntil(second)).resolves.toBe(1_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('saves no more than its burst over a quiet night', async () => {
    const clock = new VirtualClock();
    const policy = rateLimiter({ limit: 100, per: '1s', burst: 2, clock });
    await clock.advance('8h');
    const outcomes = await Promise.all([1, 2, 3].map(() => policy.executeOutcome(() => 1)));
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, false]);
  });

  it('takes a rate below one a period', async () => {
    const clock = new VirtualClock();
    const policy = rateLimiter({ limit: 0.5, per: '1s', clock });
    expect((await policy.executeOutcome(() => 1)).ok).toBe(true);
    await clock.advance('1s');
    expect((await policy.executeOutcome(() => 1)).ok).toBe(false);
    await clock.advance('1s');
    expect((await policy.executeOutcome(() => 1)).ok).toBe(true);
  });

  it.each([{ limit: 5e-324 }, { limit: 0.5, per: 1e308 }, { limit: 1e-300, burst: 1_000_000_000 }])(
    'is refused where no time lies between two calls that a clock can wait: %j',
    (options) => {
      expect(() => rateLimiter({ ...options, clock: new VirtualClock() })).toThrow(
        /^rateLimiter\.limit must be /,
      );
    },
  );
});
