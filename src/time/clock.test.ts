import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { realClock } from './clock.ts';

const day = 86_400_000;

describe('the real clock', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('honours a delay beyond 2³¹−1 ms, which Node alone would fire at once', () => {
    const fired = vi.fn();
    realClock.setTimer(60 * day, fired);
    vi.advanceTimersByTime(60 * day - 1);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledOnce();
  });

  it.each([1, 40 * day])('calls nothing after a cancel %d ms in, and holds no timer', (after) => {
    const fired = vi.fn();
    const timer = realClock.setTimer(60 * day, fired);
    vi.advanceTimersByTime(after);
    timer.cancel();
    timer.cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(60 * day);
    expect(fired).not.toHaveBeenCalled();
  });

  it('never calls synchronously', () => {
    const fired = vi.fn();
    realClock.setTimer(0, fired);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledOnce();
  });
});
