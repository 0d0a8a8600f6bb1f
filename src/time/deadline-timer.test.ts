import { AsyncLocalStorage } from 'node:async_hooks';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { Clock } from './clock.ts';
import { type Deadline, DeadlineTimer, deadlineTimer } from './deadline-timer.ts';

describe('the deadline timer', () => {
  it('is one for each clock', () => {
    const clock = new VirtualClock();
    expect(deadlineTimer(clock)).toBe(deadlineTimer(clock));
    expect(deadlineTimer(clock)).not.toBe(deadlineTimer(new VirtualClock()));
  });

  it('keeps one timer of the clock for all deadlines, and none when none is left', () => {
    const clock = new VirtualClock();
    const timer = new DeadlineTimer(clock);
    const deadlines = Array.from({ length: 1_000 }, (_, index) => timer.add(1_000 - index, () => {}));
    expect(clock.pendingTimers).toBe(1);
    for (const deadline of deadlines) timer.cancel(deadline);
    expect([timer.size, clock.pendingTimers]).toEqual([0, 0]);
  });

  it('calls each deadline once and in order, but those that were cancelled before, whatever the order they came in', async () => {
    const plan = fc.array(fc.record({ at: fc.nat(1_000), cancelAt: fc.option(fc.nat(1_000)) }), {
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(plan, async (items) => {
        const clock = new VirtualClock();
        const timer = new DeadlineTimer(clock);
        const called: number[] = [];
        const deadlines = items.map(({ at }, index) =>
          timer.add(at, () => {
            expect(clock.now()).toBe(at);
            called.push(index);
          }),
        );
        // Set on the clock itself, so that a cancellation at the deadline's own time comes after it.
        for (const [index, { cancelAt }] of items.entries())
          if (cancelAt !== null)
            clock.setTimer(cancelAt, () => timer.cancel(deadlines[index] as (typeof deadlines)[number]));
        await clock.runAll();
        const times = called.map((index) => items[index]?.at);
        expect(times).toEqual(times.toSorted((a, b) => (a as number) - (b as number)));
        expect(new Set(called).size).toBe(called.length);
        for (const [index, { at, cancelAt }] of items.entries()) {
          if (cancelAt === null || cancelAt > at) expect(called).toContain(index);
          else if (cancelAt < at) expect(called).not.toContain(index);
        }
        expect([timer.size, clock.pendingTimers]).toEqual([0, 0]);
      }),
    );
  });

  it('refuses a time that is none, which would hide the others, and goes on with these', async () => {
    const clock = new VirtualClock();
    const timer = new DeadlineTimer(clock);
    const called: number[] = [];
    for (const at of [30, 10]) timer.add(at, () => called.push(at));
    const none = { at: Number.NaN, place: -1, due: () => {} };
    expect(() => timer.put(none)).toThrow(new RangeError('A deadline must be at a time, not NaN'));
    expect(none.place).toBe(-1);
    timer.add(20, () => called.push(20));
    await clock.runAll();
    expect(called).toEqual([10, 20, 30]);
    expect(timer.size).toBe(0);
  });

  it('is set in the context of no caller, which it would keep for ever', async () => {
    const who = new AsyncLocalStorage<string>();
    const setBy: unknown[] = [];
    const clock = new (class extends VirtualClock {
      override setTimer(delay: number, callback: () => void) {
        setBy.push(who.getStore());
        return super.setTimer(delay, callback);
      }
    })();
    const timer = who.run('the first', () => new DeadlineTimer(clock));
    who.run('the first', () => timer.add(10, () => {}));
    who.run('the second', () => timer.add(20, () => {}));
    await clock.advance(30);
    expect(setBy).toEqual([undefined, undefined]);
  });

  it('calls the others also when one throws', async () => {
    const clock = new VirtualClock();
    const timer = new DeadlineTimer(clock);
    const called: string[] = [];
    timer.add(10, () => {
      throw new Error('mine');
    });
    timer.add(10, () => called.push('same time'));
    timer.add(20, () => called.push('later'));
    await clock.advance(30).catch((error: Error) => called.push(error.message));
    await clock.advance(30);
    expect(called).toEqual(['mine', 'same time', 'later']);
  });

  it('calls what is set for now or earlier soon, and never at once', async () => {
    const clock = new VirtualClock();
    await clock.advance(100);
    let called = false;
    new DeadlineTimer(clock).add(50, () => {
      called = true;
    });
    expect(called).toBe(false);
    await clock.advance(0);
    expect(called).toBe(true);
  });

  it('keeps its order when one in the midst is taken out, and the last moves to its place', async () => {
    const clock = new VirtualClock();
    const timer = new DeadlineTimer(clock);
    const called: number[] = [];
    const add = (at: number) =>
      timer.add(at, () => {
        expect(clock.now()).toBe(at);
        called.push(at);
      });
    // As a heap: the last comes to stand where 7 was, under one that is later.
    const deadlines = [3, 7, 2, 5, 4, 6, 1].map(add);
    timer.cancel(deadlines[1] as Deadline);
    await clock.runAll();
    expect(called).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('the deadline timer of a clock whose timers can rest', () => {
  /** A clock that notes what is done to its timers. */
  function resting({ rests = true, wakes = true as boolean | 'unknown' } = {}) {
    const done: string[] = [];
    let fire: () => void = () => {};
    let now = 0;
    const clock: Clock = {
      now: () => now,
      wallNow: () => now,
      setTimer(delay, callback) {
        done.push(`set for ${delay}`);
        fire = callback;
        return {
          cancel: () => done.push('cancel'),
          rest: () => done.push('rest') > 0 && rests,
          ...(wakes !== 'unknown' && { wake: () => done.push('wake') > 0 && wakes }),
        };
      },
    };
    const at = (time: number) => {
      now = time;
      fire();
    };
    return { done, at, timer: new DeadlineTimer(clock) };
  }

  it('lets it rest when none is left, and wakes it for the next, with no other timer', () => {
    const { done, timer } = resting();
    for (const at of [100, 200, 100]) timer.cancel(timer.add(at, () => {}));
    expect(done).toEqual(['set for 100', 'rest', 'wake', 'rest', 'wake', 'rest']);
  });

  it('sets another for what is due before the one that rested', () => {
    const { done, timer } = resting();
    timer.cancel(timer.add(100, () => {}));
    timer.add(50, () => {});
    expect(done).toEqual(['set for 100', 'rest', 'wake', 'cancel', 'set for 50']);
  });

  it('sets another when the one that rested can not be woken', () => {
    const { done, timer } = resting({ wakes: false });
    timer.cancel(timer.add(100, () => {}));
    timer.add(100, () => {});
    expect(done).toEqual(['set for 100', 'rest', 'wake', 'cancel', 'set for 100']);
  });

  it('cancels one that can not rest', () => {
    const { done, timer } = resting({ rests: false });
    timer.cancel(timer.add(100, () => {}));
    timer.add(100, () => {});
    expect(done).toEqual(['set for 100', 'rest', 'cancel', 'set for 100']);
  });

  it('sets another after one has fired while it rested', () => {
    const { done, at, timer } = resting();
    const called: number[] = [];
    timer.cancel(timer.add(100, () => called.push(1)));
    at(100);
    timer.add(150, () => called.push(2));
    at(150);
    expect(called).toEqual([2]);
    expect(done).toEqual(['set for 100', 'rest', 'set for 50']);
  });

  it('leaves a deadline alone that was due or cancelled before', () => {
    const { done, at, timer } = resting();
    const due = timer.add(100, () => {});
    at(100);
    timer.cancel(due);
    const other = timer.add(150, () => {});
    timer.cancel(other);
    timer.cancel(other);
    expect(done).toEqual(['set for 100', 'set for 50', 'rest']);
  });

  it('sets another when the one that rested knows no waking', () => {
    const { done, timer } = resting({ wakes: 'unknown' });
    timer.cancel(timer.add(100, () => {}));
    timer.add(100, () => {});
    expect(done).toEqual(['set for 100', 'rest', 'cancel', 'set for 100']);
  });

  it('wakes it once, however many are added then', () => {
    const { done, at, timer } = resting();
    timer.cancel(timer.add(100, () => {}));
    for (const _ of [1, 2, 3]) timer.add(200, () => {});
    at(100);
    timer.add(300, () => {});
    expect(done).toEqual(['set for 100', 'rest', 'wake', 'set for 100']);
  });

  it('is set once for what is added, and never for what is cancelled, by one that is due', () => {
    const { done, at, timer } = resting();
    const called: number[] = [];
    timer.add(100, () => {
      timer.cancel(other);
      timer.add(150, () => called.push(150));
    });
    const other = timer.add(100, () => called.push(100));
    at(100);
    at(150);
    expect(called).toEqual([150]);
    expect(done).toEqual(['set for 100', 'set for 50']);
  });
});
