import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { DeadlineTimer, deadlineTimer } from './deadline-timer.ts';

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
});
