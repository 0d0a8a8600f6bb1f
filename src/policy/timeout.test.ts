import { describe, expect, it } from 'vitest';
import { TimeoutError } from '../errors/index.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { sleep } from '../time/index.ts';
import { bulkhead, compose, constant, retry, type TimeoutEvent, timeout } from './index.ts';
import { hanging, transient } from '../../test/policies/operations.ts';

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
    let late: () => AbortSignal | undefined = () => undefined;
    const result = timeout({ after: '1s', clock }).execute((attempt) => {
      late = () => attempt.signal;
      return new Promise(() => {});
    });
    const error = await clock.runUntil(result).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(late()).toMatchObject({ aborted: true, reason: error });
  });

  it('aborts the signal before the grace, in which work that heeds it ends the call', async () => {
    const clock = new VirtualClock();
    const events: TimeoutEvent[] = [];
    const policy = timeout({ after: '10s', grace: '5s', clock, on: (event) => events.push(event) });
    const tidying = policy.execute(async ({ signal }) => {
      await sleep(clock, 60_000, signal).catch(() => sleep(clock, 2_000));
      return 'tidied up';
    });
    await expect(clock.runUntil(tidying)).rejects.toMatchObject({
      name: 'TimeoutError',
      message: 'Not done within 10000 ms',
      after: 10_000,
    });
    expect(clock.now()).toBe(12_000);
    expect(events).toEqual([{ kind: 'timed_out', after: 10_000 }]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives no grace to a call that still waits for its turn, which leaves the queue', async () => {
    const clock = new VirtualClock();
    const limited = bulkhead({ limit: 1, queue: 1, clock });
    void limited.execute(hanging);
    const policy = compose(timeout({ after: '1s', grace: '2s', clock }), limited);
    await expect(clock.runUntil(policy.execute(() => 1))).rejects.toBeInstanceOf(TimeoutError);
    expect(clock.now()).toBe(1_000);
    expect(limited.waiting).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('has no attempt made in the grace', async () => {
    const clock = new VirtualClock();
    for (const heeds of [true, false]) {
      const deadlines: number[] = [];
      const policy = compose(
        timeout({ after: '1s', grace: '10s', clock }),
        retry({ attempts: 50, backoff: constant(300), clock }),
      );
      const from = clock.now();
      const result = policy.execute(async ({ deadline, signal }) => {
        deadlines.push(deadline - from);
        await sleep(clock, 400, heeds ? signal : undefined);
        throw transient();
      });
      await expect(clock.runUntil(result)).rejects.toBeInstanceOf(TimeoutError);
      expect(deadlines).toEqual([1_000, 1_000]);
      // The second attempt began at 700, and was at work until 1100 if it did not heed its signal.
      expect(clock.now() - from).toBe(heeds ? 1_000 : 1_100);
    }
    expect(clock.pendingTimers).toBe(0);
  });

  it('tells of work that is left running for the attempt whose work it is, and for no other', async () => {
    const clock = new VirtualClock();
    const told: string[] = [];
    const policy = compose(
      retry({ attempts: 2, backoff: constant(0), clock }),
      timeout({ after: '1s', grace: '1s', clock, on: ({ kind }) => told.push(kind) }),
    );
    const result = policy.executeOutcome(({ attempt, signal }) =>
      attempt === 1
        ? hanging()
        : new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    await clock.advance('4s');
    expect(await result).toMatchObject({ kind: 'timeout' });
    expect(told).toEqual(['timed_out', 'work_left_running', 'timed_out']);
  });
});
