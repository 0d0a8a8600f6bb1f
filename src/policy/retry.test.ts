import { describe, expect, it, vi } from 'vitest';
import { ConfigurationError, ServiceError } from '../errors/index.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { constant, type RetryEvent, type RetryOptions, retry, retryBudget } from './index.ts';
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

  it.each<[string, (clock: VirtualClock) => string]>([
    ['in seconds', () => '20'],
    ['by a date', (clock) => new Date(clock.wallNow() + 20_000).toUTCString()],
  ])('waits at least as long as a value asks, %s, that it takes for a failure', async (_how, ask) => {
    const clock = new VirtualClock();
    const answers = [
      new Response('', { status: 429, headers: { 'retry-after': ask(clock) } }),
      new Response('there'),
    ];
    const policy = retry({
      clock,
      backoff: constant('1s'),
      handle: (outcome) => outcome.ok && !(outcome.value as Response).ok,
    });
    const answer = await clock.runUntil(policy.execute(async () => answers.shift()));
    expect(await answer?.text()).toBe('there');
    expect(clock.now()).toBe(20_000);
  });

  it.each([
    ['as JSON', { retryDelay: '20s' }],
    ['decoded', { retryDelay: { seconds: '20', nanos: 0 } }],
  ])('waits at least as long as a service of Google asks in its RetryInfo (%s)', async (_how, retryInfo) => {
    const clock = new VirtualClock();
    const exhausted = Object.assign(new Error('RESOURCE_EXHAUSTED'), {
      code: 8,
      statusDetails: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo' }, retryInfo],
    });
    const events: RetryEvent[] = [];
    const policy = retry({ clock, backoff: constant('1s'), on: (event) => events.push(event) });
    const operation = flaky(1, () => exhausted);
    await expect(clock.runUntil(policy.execute(operation))).resolves.toBe(2);
    expect(clock.now()).toBe(20_000);
    expect(events).toEqual([{ kind: 'retry', attempt: 1, delay: 20_000, error: exhausted }]);
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

  it('tells what it does, and why it gives up', async () => {
    const clock = new VirtualClock();
    await clock.advance('1h');
    const error = transient();
    const told = async (options: RetryOptions, deadline?: number) => {
      const events: RetryEvent[] = [];
      const policy = retry({ backoff: constant('4s'), clock, on: (event) => events.push(event), ...options });
      await clock.runUntil(
        policy.executeOutcome(
          flaky(9, () => error),
          { deadline },
        ),
      );
      return events;
    };
    const again = { kind: 'retry', delay: 4_000, error };
    expect(await told({ attempts: 3 })).toEqual([
      { ...again, attempt: 1 },
      { ...again, attempt: 2 },
      { kind: 'gave_up', attempt: 3, why: 'attempts', error },
    ]);
    expect(await told({ attempts: 9, maxElapsed: '4s' })).toEqual([
      { ...again, attempt: 1 },
      { kind: 'gave_up', attempt: 2, why: 'max_elapsed', error },
    ]);
    expect(await told({ attempts: 9 }, clock.now() + 8_000)).toEqual([
      { ...again, attempt: 1 },
      { kind: 'gave_up', attempt: 2, why: 'deadline', error },
    ]);
    const empty = retryBudget({ minPerSecond: 0, clock });
    expect(await told({ budget: empty })).toEqual([{ kind: 'gave_up', attempt: 1, why: 'budget', error }]);
  });

  it('starts an attempt at the very end of maxElapsed, on a clock that has gone on for long', async () => {
    const clock = new VirtualClock();
    await clock.advance('1d');
    for (const options of [undefined, { deadline: Infinity }]) {
      const operation = flaky(9);
      const policy = retry({ attempts: 9, backoff: constant('5s'), maxElapsed: '10s', clock });
      await clock.runUntil(policy.executeOutcome(operation, options));
      expect(operation).toHaveBeenCalledTimes(3);
      const alone = flaky(9);
      await expect(clock.runUntil(policy.execute(alone, options))).rejects.toThrow('away');
      expect(alone).toHaveBeenCalledTimes(3);
    }
  });

  it('tells its backoff of the failure, the attempt and the delay before, with the chance it was given', async () => {
    const clock = new VirtualClock();
    const error = transient();
    const random = () => 0.25;
    const backoff = vi.fn((_failure: unknown, chance: () => number) => 1_000 * (chance() + 1));
    await clock.runUntil(
      retry({ attempts: 3, backoff, random, clock }).executeOutcome(flaky(9, () => error)),
    );
    expect(backoff.mock.calls).toEqual([
      [{ error, attempt: 1, previousDelay: 0 }, random],
      [{ error, attempt: 2, previousDelay: 1_250 }, random],
    ]);
    expect(clock.now()).toBe(2_500);
  });

  it('waits until the date that the service names', async () => {
    const clock = new VirtualClock();
    const date = new Date(Math.ceil(clock.wallNow() / 1_000) * 1_000 + 20_000);
    const error = { status: 503, headers: { 'retry-after': date.toUTCString() } };
    await clock.runUntil(retry({ backoff: constant('1s'), clock }).execute(flaky(1, () => error)));
    expect(clock.wallNow()).toBe(date.getTime());
  });

  it('earns a share of its budget also by calls that work at once', async () => {
    const clock = new VirtualClock();
    const budget = retryBudget({ ratio: 0.5, minPerSecond: 0, clock });
    const policy = retry({ backoff: constant(0), budget, clock });
    await policy.execute(() => 1);
    await expect(policy.execute(flaky(1))).resolves.toBe(2);
    await expect(policy.execute(flaky(1))).rejects.toThrow('away');
  });

  it('gives the last value that was not good enough, and the fault of a backoff by name', async () => {
    const clock = new VirtualClock();
    let value = 0;
    const never = retry({ attempts: 3, backoff: constant(0), handle: ({ ok }) => ok, clock });
    await expect(never.execute(() => ++value)).resolves.toBe(3);
    const wrong = retry({ backoff: () => -1, clock });
    await expect(wrong.execute(flaky(1))).rejects.toMatchObject({ field: 'retry.backoff' });
    expect(await wrong.executeOutcome(flaky(1))).toMatchObject({ ok: false, kind: 'permanent' });
    const fault = new Error('no idea');
    const throws = retry({
      backoff: () => {
        throw fault;
      },
      clock,
    });
    await expect(throws.execute(flaky(1))).rejects.toBe(fault);
  });
});
