import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { sleep } from './sleep.ts';
import { withinTime } from './within-time.ts';

const reason = new Error('the caller gave up');

describe('sleep', () => {
  it('ends after its time, not before', async () => {
    const clock = new VirtualClock();
    let over = false;
    void sleep(clock, 1_000).then(() => {
      over = true;
    });
    await clock.advance(999);
    expect(over).toBe(false);
    await clock.advance(1);
    expect(over).toBe(true);
  });

  it.each(['before it', 'in the midst of it'])(
    'is ended by an abort %s, with the caller’s reason',
    async (when) => {
      const clock = new VirtualClock();
      const controller = new AbortController();
      if (when === 'before it') controller.abort(reason);
      const asleep = sleep(clock, 1_000, controller.signal).catch((error: unknown) => error);
      controller.abort(reason);
      expect(await asleep).toBe(reason);
      expect(clock.pendingTimers).toBe(0);
      expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    },
  );

  it('leaves no listener on a signal that lives on', async () => {
    const clock = new VirtualClock();
    const { signal } = new AbortController();
    await clock.runUntil(sleep(clock, 1_000, signal));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('a call within its time', () => {
  it('gives what it gives, and leaves no timer', async () => {
    const clock = new VirtualClock();
    expect(await withinTime(clock, 1_000, 'look', async () => 'found')).toBe('found');
    expect(clock.pendingTimers).toBe(0);
  });

  it('is over at the end of its time though it ignores its signal, which is aborted with the same error', async () => {
    const clock = new VirtualClock();
    let given: AbortSignal | undefined;
    const call = withinTime(clock, 1_000, 'look', (signal) => {
      given = signal;
      return new Promise<never>(() => {});
    }).catch((error: unknown) => error);
    const error = await clock.runUntil(call);
    expect(error).toMatchObject({ name: 'TimeoutError', message: 'The look did not end within 1000 ms' });
    expect(given?.reason).toBe(error);
  });

  it.each([
    [
      'throws',
      () => {
        throw reason;
      },
    ],
    ['rejects', () => Promise.reject(reason)],
  ])('leaves no timer when it %s', async (_, call) => {
    const clock = new VirtualClock();
    await expect(withinTime(clock, 1_000, 'look', call)).rejects.toBe(reason);
    expect(clock.pendingTimers).toBe(0);
  });
});
