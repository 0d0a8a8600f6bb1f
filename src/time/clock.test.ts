import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Clock, realClock } from './clock.ts';

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

  it('calls at the longest delay that Node honours, not after it', () => {
    const fired = vi.fn();
    realClock.setTimer(2 ** 31 - 1, fired);
    vi.advanceTimersByTime(2 ** 31 - 1);
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

  it('does not let a timer rest that test tools have set', () => {
    const timer = realClock.setTimer(1_000, () => {});
    expect([timer.rest?.(), timer.wake?.()]).toEqual([false, false]);
    timer.cancel();
  });
});

describe('a timer of the real clock', () => {
  const alive = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

  it.each([60_000, 60 * day])('of %d ms keeps the process alive, but while it rests', (delay) => {
    const before = alive();
    const timer = realClock.setTimer(delay, () => {});
    expect(alive()).toBe(before + 1);
    expect(timer.rest?.()).toBe(true);
    expect(alive()).toBe(before);
    expect(timer.wake?.()).toBe(true);
    expect(alive()).toBe(before + 1);
    timer.cancel();
    expect(alive()).toBe(before);
  });

  it('is on a clock that tells the times of the machine', () => {
    const [wall, now] = [Date.now(), performance.now()];
    expect(realClock.wallNow() - wall).toBeGreaterThanOrEqual(0);
    expect(realClock.now() - now).toBeGreaterThanOrEqual(0);
    expect(realClock.now()).toBeLessThanOrEqual(performance.now());
    expect(realClock.wallNow()).toBeLessThanOrEqual(Date.now());
  });
});

describe('the real clock on timers that are not those of Node', () => {
  afterEach(() => vi.unstubAllGlobals());

  /** A clock of its own, which takes what is stubbed for the machine's timers. */
  async function clockOn(setTimeout: (callback: () => void, delay: number) => unknown): Promise<Clock> {
    vi.stubGlobal('setTimeout', setTimeout);
    const module = './clock.ts?on-stubs';
    return (await import(/* @vite-ignore */ `${module}-${stubbed++}`)).realClock;
  }
  let stubbed = 0;

  it('lets them rest where they are numbers, as in a browser', async () => {
    const timer = (await clockOn(() => 7)).setTimer(1_000, () => {});
    expect([timer.rest?.(), timer.wake?.()]).toEqual([true, true]);
  });

  it('comes when a test tool says so that has put its own in the place of timers alone', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const fired = vi.fn();
    realClock.setTimer(60_000, fired);
    vi.advanceTimersByTime(60_000);
    vi.useRealTimers();
    expect(fired).toHaveBeenCalledTimes(1);
  });

  it('is not early where they are, and asks for the rest of the time once', async () => {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const set: { callback: () => void; delay: number }[] = [];
    const clock = await clockOn((callback, delay) => set.push({ callback, delay }));
    const fired: number[] = [];
    clock.setTimer(4.5, () => fired.push(now));
    now = 3;
    set[0]?.callback();
    expect(fired).toEqual([]);
    // Where the two clocks do not agree it must end all the same.
    now = 4;
    set[1]?.callback();
    expect(fired).toEqual([4]);
    expect(set.map(({ delay }) => delay)).toEqual([5, 2]);
    vi.restoreAllMocks();
  });

  it('lets each of a chain rest, once the first did', async () => {
    const set: { callback: () => void; delay: number; alive: boolean }[] = [];
    const clock = await clockOn((callback, delay) => {
      const one = { callback, delay, alive: true };
      set.push(one);
      return { ref: () => (one.alive = true), unref: () => (one.alive = false) };
    });
    const timer = clock.setTimer(60 * day, () => {});
    timer.rest?.();
    set[0]?.callback();
    expect(set[1]?.alive).toBe(false);
    timer.wake?.();
    set[1]?.callback();
    expect(set.map(({ delay, alive }) => [delay, alive])).toEqual([
      [2 ** 31 - 1, false],
      [2 ** 31 - 1, true],
      [60 * day - 2 * (2 ** 31 - 1), true],
    ]);
  });
});
