import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bulkhead,
  decorrelatedJitter,
  equalJitter,
  exponential,
  fullJitter,
  rateLimiter,
  retry,
  retryBudget,
} from '../../src/policy/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { transient } from './operations.ts';

const chance = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1 });

function drawing(from: readonly number[]): () => number {
  let next = 0;
  return () => from[next++ % from.length] as number;
}

describe('retry', () => {
  it('waits within the bounds of its backoff, and calls no more often than it may', async () => {
    const base = 100;
    const cap = 3_000;
    const grown = (attempt: number) => Math.min(cap, base * 2 ** (attempt - 1));
    const bounds = {
      exponential: (attempt: number) => [grown(attempt), grown(attempt)] as const,
      full: (attempt: number) => [0, grown(attempt)] as const,
      equal: (attempt: number) => [grown(attempt) / 2, grown(attempt)] as const,
      decorrelated: (_attempt: number, previous: number) =>
        [base, Math.min(cap, 3 * Math.max(base, previous))] as const,
    };
    const backoffs = {
      exponential: exponential({ base, cap }),
      full: fullJitter({ base, cap }),
      equal: equalJitter({ base, cap }),
      decorrelated: decorrelatedJitter({ base, cap }),
    };
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('exponential', 'full', 'equal', 'decorrelated'),
        fc.integer({ min: 1, max: 8 }),
        fc.nat({ max: 9 }),
        chance,
        async (name, attempts, failures, draws) => {
          const clock = new VirtualClock();
          const delays: number[] = [];
          const policy = retry({
            attempts,
            backoff: backoffs[name],
            random: drawing(draws),
            clock,
            on: (event) => event.kind === 'retry' && delays.push(event.delay),
          });
          const times: number[] = [];
          const result = policy.executeOutcome(() => {
            times.push(clock.now());
            return times.length <= failures ? Promise.reject(transient()) : 7;
          });
          const { ok } = await clock.runUntil(result);
          expect(times).toHaveLength(Math.min(attempts, failures + 1));
          expect(ok).toBe(failures < attempts);
          delays.forEach((delay, index) => {
            const [least, most] = bounds[name](index + 1, delays[index - 1] ?? 0);
            expect(delay).toBeGreaterThanOrEqual(least);
            expect(delay).toBeLessThanOrEqual(most);
            expect((times[index + 1] as number) - (times[index] as number)).toBeCloseTo(delay, 6);
          });
          expect(clock.pendingTimers).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('spends at most its share of the first calls, and its floor a second', () => {
    const events = fc.array(
      fc.oneof(
        fc.constant('deposit' as const),
        fc.constant('withdraw' as const),
        fc.integer({ min: 1, max: 5_000 }),
      ),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(events, fc.integer({ min: 0, max: 3 }), (all, minPerSecond) => {
        let now = 0;
        const clock = { ...new VirtualClock(), now: () => now } as unknown as VirtualClock;
        const budget = retryBudget({ ratio: 0.25, minPerSecond, clock });
        let deposits = 0;
        let spent = 0;
        for (const event of all) {
          if (event === 'deposit') {
            deposits += 1;
            budget.deposit();
          } else if (event === 'withdraw') spent += budget.withdraw() ? 1 : 0;
          else now += event;
          // What it starts with: ten seconds of its floor.
          expect(spent).toBeLessThanOrEqual(0.25 * deposits + minPerSecond * (10 + now / 1_000) + 1e-9);
          expect(budget.balance).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('bulkhead', () => {
  it('is as full as a list of who came says, in their order, whatever they do', async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant({ kind: 'come' as const }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('end', 'fail', 'abort'), which: fc.nat() }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 3 }),
        fc.array(step, { maxLength: 40 }),
        async (limit, queue, steps) => {
          const policy = bulkhead({ limit, queue, clock: new VirtualClock() });
          const started: number[] = [];
          const model = { atWork: [] as number[], waiting: [] as number[], started: [] as number[] };
          const callers = new Map<number, { caller: AbortController; gate: PromiseWithResolvers<void> }>();
          let names = 0;
          const leave = () => {
            const next = model.waiting.shift();
            if (next !== undefined) {
              model.atWork.push(next);
              model.started.push(next);
            }
          };
          for (const one of steps) {
            if (one.kind === 'come') {
              const name = names++;
              const caller = new AbortController();
              const gate = Promise.withResolvers<void>();
              callers.set(name, { caller, gate });
              const work = () => {
                started.push(name);
                return gate.promise;
              };
              policy.execute(work, { signal: caller.signal }).catch(() => {});
              if (model.atWork.length < limit) {
                model.atWork.push(name);
                model.started.push(name);
              } else if (model.waiting.length < queue) model.waiting.push(name);
            } else {
              const from = one.kind === 'abort' ? [...model.waiting, ...model.atWork] : model.atWork;
              if (from.length === 0) continue;
              const name = from[one.which % from.length] as number;
              const { caller, gate } = callers.get(name) as {
                caller: AbortController;
                gate: PromiseWithResolvers<void>;
              };
              if (one.kind === 'abort') {
                caller.abort('enough');
                // Work that goes on keeps its place.
                model.waiting = model.waiting.filter((other) => other !== name);
              } else {
                if (one.kind === 'end') gate.resolve();
                else gate.reject(transient());
                model.atWork = model.atWork.filter((other) => other !== name);
                leave();
              }
            }
            for (let turn = 0; turn < 8; turn++) await undefined;
            expect(policy.atWork).toBe(model.atWork.length);
            expect(policy.waiting).toBe(model.waiting.length);
            expect(started).toEqual(model.started);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  }, 60_000);
});

describe('rate limiter', () => {
  it('never lets more through in any stretch of time than a burst and its rate', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(0, 500, Infinity),
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 40 }),
        async (limit, burst, wait, gaps) => {
          const clock = new VirtualClock();
          const policy = rateLimiter({ limit, per: '1s', burst, wait, clock });
          const times: number[] = [];
          const all = [];
          for (const gap of gaps) {
            await clock.advance(gap);
            all.push(policy.executeOutcome(() => times.push(clock.now())));
          }
          await clock.runAll();
          const outcomes = await Promise.all(all);
          expect(outcomes.filter(({ ok }) => ok)).toHaveLength(times.length);
          if (wait === Infinity) expect(times).toHaveLength(gaps.length);
          times.forEach((from, first) => {
            times.slice(first).forEach((to, count) => {
              expect(count + 1).toBeLessThanOrEqual(burst + ((to - from) * limit) / 1_000 + 1e-6);
            });
          });
        },
      ),
      { numRuns: 200 },
    );
  }, 60_000);
});
