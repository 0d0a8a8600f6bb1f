import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../errors/index.ts';
import { deadlineTimer, sleep } from '../time/index.ts';
import { VirtualClock } from './virtual-clock.ts';

describe('the virtual clock', () => {
  it('stands still until it is moved', async () => {
    const clock = new VirtualClock();
    let fired = false;
    clock.setTimer(0, () => {
      fired = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect([clock.now(), fired]).toEqual([0, false]);
    await clock.advance(0);
    expect([clock.now(), fired]).toEqual([0, true]);
  });

  it('starts at the wall time that it is given', () => {
    const wall = '2026-03-08T06:59:59.500Z';
    expect(new VirtualClock({ wall }).wallNow()).toBe(Date.parse(wall));
    expect(new VirtualClock({ wall: new Date(wall) }).wallNow()).toBe(Date.parse(wall));
    expect(new Date(new VirtualClock().wallNow()).toISOString()).toBe('2026-01-16T09:00:00.000Z');
    expect(() => new VirtualClock({ wall: 'yesterday' })).toThrow(ConfigurationError);
  });

  it('fires each timer at its own time', async () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    for (const delay of [30, 10, 20]) clock.setTimer(delay, () => seen.push(clock.now()));
    await clock.advance(25);
    expect(seen).toEqual([10, 20]);
    expect(clock.now()).toBe(25);
    await clock.advance(5);
    expect(seen).toEqual([10, 20, 30]);
  });

  it('fires timers of the same time in the order in which they were set', async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.setTimer(10, () => seen.push('first'));
    await clock.advance(5);
    clock.setTimer(5, () => seen.push('second'));
    clock.setTimer(5, () => seen.push('third'));
    await clock.advance(5);
    expect(seen).toEqual(['first', 'second', 'third']);
  });

  it('lets everything that a timer set going come to rest before the next one fires', async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.setTimer(1, () => {
      seen.push('one');
      void (async () => {
        for (let turn = 0; turn < 50; turn++) await Promise.resolve();
        seen.push('one, much later');
      })();
    });
    clock.setTimer(1, () => seen.push('two'));
    await clock.advance(1);
    expect(seen).toEqual(['one', 'one, much later', 'two']);
  });

  it('fires what is set while it moves, if that is due by then', async () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    const again = () => {
      seen.push(clock.now());
      clock.setTimer(10, again);
    };
    clock.setTimer(10, again);
    await clock.advance(35);
    expect(seen).toEqual([10, 20, 30]);
    await clock.advance(5);
    expect(seen).toEqual([10, 20, 30, 40]);
  });

  it('lets twenty hours of minutes pass, one after the other', async () => {
    const clock = new VirtualClock();
    let minutes = 0;
    const work = (async () => {
      for (; minutes < 20 * 60; minutes++) await sleep(clock, 60_000);
    })();
    await clock.advance('20h');
    await work;
    expect(minutes).toBe(1_200);
    expect(clock.pendingTimers).toBe(0);
  });

  it('waits as long as it is told, also beyond 2³¹ milliseconds', async () => {
    const clock = new VirtualClock();
    const long = 2 ** 31 + 5;
    let fired = false;
    clock.setTimer(long, () => {
      fired = true;
    });
    await clock.advance(long - 1);
    expect(fired).toBe(false);
    await clock.advance(1);
    expect(fired).toBe(true);
  });

  it('does not fire a timer that was cancelled, be it by another one', async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const second = clock.setTimer(2, () => seen.push('second'));
    const first = clock.setTimer(1, () => {
      seen.push('first');
      second.cancel();
      second.cancel();
    });
    await clock.advance(5);
    first.cancel();
    expect(seen).toEqual(['first']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('never goes back, though it is moved from two places at once', async () => {
    const clock = new VirtualClock();
    await Promise.all([clock.advance(10), clock.advance(4)]);
    expect(clock.now()).toBe(10);
  });

  it('throws what a timer throws to whoever moves it', async () => {
    const clock = new VirtualClock();
    clock.setTimer(1, () => {
      throw new Error('from the timer');
    });
    await expect(clock.advance(1)).rejects.toThrow('from the timer');
  });

  it.each([Number.NaN, Infinity, -Infinity])('refuses a timer in %d', (delay) => {
    expect(() => new VirtualClock().setTimer(delay, () => {})).toThrow(ConfigurationError);
  });

  it.each([-1, Number.NaN, Infinity, 'soon'])('refuses to move by %s', async (duration) => {
    await expect(new VirtualClock().advance(duration)).rejects.toThrow(ConfigurationError);
  });

  describe('runAll', () => {
    it('fires timers until none is left, and stands at the last one', async () => {
      const clock = new VirtualClock();
      let left = 3;
      const again = () => {
        if (--left > 0) clock.setTimer(100, again);
      };
      clock.setTimer(100, again);
      await clock.runAll();
      expect([left, clock.now(), clock.pendingTimers]).toEqual([0, 300, 0]);
    });

    it('fires no more than its limit', async () => {
      const clock = new VirtualClock();
      let fired = 0;
      const forever = () => {
        fired++;
        clock.setTimer(1, forever);
      };
      forever();
      await expect(clock.runAll({ limit: 10 })).rejects.toThrow(/runAll\.limit/);
      expect(fired).toBe(11);
    });
  });

  describe('runUntil', () => {
    it('lets time pass until the promise settles, and no further', async () => {
      const clock = new VirtualClock();
      clock.setTimer(10_000, () => expect.unreachable('it went too far'));
      expect(await clock.runUntil(sleep(clock, 90).then(() => 'done'))).toBe('done');
      expect(clock.now()).toBe(90);
      expect(await clock.runUntil(Promise.resolve('at once'))).toBe('at once');
      expect(clock.now()).toBe(90);
    });

    it('throws what the promise throws', async () => {
      const clock = new VirtualClock();
      const failing = sleep(clock, 5).then(() => Promise.reject(new Error('failed')));
      await expect(clock.runUntil(failing)).rejects.toThrow('failed');
    });

    it('says so when nothing will ever settle the promise', async () => {
      await expect(new VirtualClock().runUntil(new Promise(() => {}))).rejects.toThrow(/runUntil\.promise/);
    });

    it('fires no more than its limit', async () => {
      const clock = new VirtualClock();
      const forever = () => clock.setTimer(1, forever);
      forever();
      await expect(clock.runUntil(new Promise(() => {}), { limit: 5 })).rejects.toThrow(/runUntil\.limit/);
    });
  });

  describe('stepWall', () => {
    it('moves the wall time alone, forward and back', async () => {
      const clock = new VirtualClock({ wall: 0 });
      let fired = false;
      clock.setTimer(1_000, () => {
        fired = true;
      });
      clock.stepWall('1h');
      expect([clock.now(), clock.wallNow()]).toEqual([0, 3_600_000]);
      clock.stepWall('-2h');
      expect([clock.now(), clock.wallNow()]).toEqual([0, -3_600_000]);
      clock.stepWall(-500);
      await clock.advance(999);
      expect([fired, clock.wallNow()]).toEqual([false, -3_600_000 - 500 + 999]);
      await clock.advance(1);
      expect(fired).toBe(true);
    });
  });

  describe('hold', () => {
    it('lets no time pass until the work is done', async () => {
      const clock = new VirtualClock();
      let finish: (value: string) => void = () => {};
      const work = clock.hold(
        new Promise<string>((resolve) => {
          finish = resolve;
        }),
      );
      const seen: string[] = [];
      clock.setTimer(10, () => seen.push('timer'));
      const moved = clock.advance(20);
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect([seen, clock.now()]).toEqual([[], 0]);
      void work.then((value) => seen.push(value));
      finish('work');
      await moved;
      expect([seen, clock.now()]).toEqual([['work', 'timer'], 20]);
    });

    it('gives the work’s result or error, and goes on after either', async () => {
      const clock = new VirtualClock();
      expect(await clock.hold(Promise.resolve(7))).toBe(7);
      await expect(clock.hold(Promise.reject(new Error('failed')))).rejects.toThrow('failed');
      await clock.advance(5);
      expect(clock.now()).toBe(5);
    });

    it('waits for all of several', async () => {
      const clock = new VirtualClock();
      const finish: (() => void)[] = [];
      for (let work = 0; work < 2; work++)
        void clock.hold(new Promise<void>((resolve) => finish.push(resolve)));
      let moved = false;
      const moving = clock.advance(5).then(() => {
        moved = true;
      });
      finish[0]?.();
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(moved).toBe(false);
      finish[1]?.();
      await moving;
      expect(clock.now()).toBe(5);
    });
  });

  it('fires every timer that is due and not cancelled once, in order, whatever is set, cancelled and awaited', async () => {
    const step = fc.oneof(
      fc.record({ set: fc.nat(100) }),
      fc.record({ cancel: fc.nat(20) }),
      fc.record({ advance: fc.nat(60) }),
      // Set another timer from within one.
      fc.record({ set: fc.nat(100), inside: fc.nat(40) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const clock = new VirtualClock();
        const fired: { at: number; now: number; order: number }[] = [];
        const timers: { at: number; order: number; cancelled: boolean; cancel(): void }[] = [];
        const set = (delay: number, inside?: number) => {
          const order = timers.length;
          const timer = clock.setTimer(delay, () => {
            fired.push({ at: entry.at, now: clock.now(), order });
            if (inside !== undefined) set(inside);
          });
          const entry = { at: clock.now() + delay, order, cancelled: false, cancel: () => timer.cancel() };
          timers.push(entry);
        };
        for (const each of steps) {
          if ('set' in each) set(each.set, 'inside' in each ? each.inside : undefined);
          else if ('cancel' in each) {
            const timer = timers[each.cancel];
            if (timer !== undefined && !fired.some(({ order }) => order === timer.order))
              timer.cancelled = true;
            timer?.cancel();
          } else await clock.advance(each.advance);
        }
        for (const { at, now } of fired) expect(now).toBe(at);
        const inOrder = [...fired].sort((a, b) => a.at - b.at || a.order - b.order);
        expect(fired).toEqual(inOrder);
        const due = timers.filter(({ at, cancelled }) => !cancelled && at <= clock.now());
        // A timer of this very moment may wait for the next advance.
        const past = due.filter(({ at }) => at < clock.now());
        const orders = new Set(fired.map(({ order }) => order));
        expect(orders.size).toBe(fired.length);
        expect(past.every(({ order }) => orders.has(order))).toBe(true);
        expect(fired.every(({ order }) => due.some((timer) => timer.order === order))).toBe(true);
        expect(clock.pendingTimers).toBe(timers.filter((t) => !t.cancelled).length - fired.length);
      }),
    );
  });

  it('drives a thousand deadlines through the one deadline timer', async () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    for (let at = 1_000; at > 0; at--) deadlineTimer(clock).add(at, () => seen.push(clock.now()));
    expect(clock.pendingTimers).toBe(1);
    await clock.advance('1s');
    expect(seen).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
    expect(clock.pendingTimers).toBe(0);
  });
});
