import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { retryBudget } from './index.ts';

describe('a retry budget', () => {
  /** How many extra calls it gives now. */
  function all(budget: { withdraw(): boolean }): number {
    let calls = 0;
    while (budget.withdraw()) calls += 1;
    return calls;
  }

  it('gives the share of the calls, and no more', () => {
    const budget = retryBudget({ ratio: 0.5, minPerSecond: 0, clock: new VirtualClock() });
    expect(all(budget)).toBe(0);
    for (let call = 0; call < 7; call++) budget.deposit();
    expect(budget.balance).toBe(3.5);
    expect(all(budget)).toBe(3);
    expect(budget.balance).toBe(0.5);
    budget.deposit();
    expect(all(budget)).toBe(1);
  });

  it('gives ten seconds of its floor at once, then as much as time brings', async () => {
    const clock = new VirtualClock();
    const budget = retryBudget({ minPerSecond: 2, clock });
    expect(all(budget)).toBe(20);
    await clock.advance('1500ms');
    expect(budget.balance).toBe(3);
    expect(all(budget)).toBe(3);
    await clock.advance('1h');
    expect(budget.balance).toBe(20);
    expect(all(budget)).toBe(20);
  });

  it('gives one for what share and floor have together, and keeps the rest', async () => {
    const clock = new VirtualClock();
    const budget = retryBudget({ ratio: 0.25, minPerSecond: 1, clock });
    expect(all(budget)).toBe(10);
    budget.deposit();
    await clock.advance('500ms');
    expect(budget.withdraw()).toBe(false);
    await clock.advance('500ms');
    // A quarter of a call and a whole second: the floor's own call first.
    expect(budget.withdraw()).toBe(true);
    expect(budget.balance).toBe(0.25);
    await clock.advance('750ms');
    expect(budget.withdraw()).toBe(true);
    expect(budget.balance).toBe(0);
    budget.deposit();
    await clock.advance('850ms');
    expect(budget.withdraw()).toBe(true);
    expect(budget.balance).toBeCloseTo(0.1);
  });

  it('saves what a hundred calls bring, and no more', () => {
    const budget = retryBudget({ ratio: 0.5, minPerSecond: 0, clock: new VirtualClock() });
    for (let call = 0; call < 1_000; call++) budget.deposit();
    expect(all(budget)).toBe(50);
  });

  it('spends whole calls of its floor, which time brings back, before a part of what was earned', async () => {
    const clock = new VirtualClock();
    const budget = retryBudget({ ratio: 0.25, minPerSecond: 0.1, clock });
    budget.deposit();
    expect(budget.balance).toBe(1.25);
    expect(budget.withdraw()).toBe(true);
    await clock.advance('10s');
    expect(budget.balance).toBe(1.25);
  });
});
