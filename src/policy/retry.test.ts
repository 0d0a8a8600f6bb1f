import { describe, expect, it, vi } from 'vitest';
import { ConfigurationError, ServiceError } from '../errors/index.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { constant, type RetryEvent, retry, retryBudget } from './index.ts';
import { flaky, transient } from '../../test/policies/operations.ts';

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
