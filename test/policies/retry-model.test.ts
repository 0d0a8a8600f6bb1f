import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServiceError, TimeoutError } from '../../src/errors/index.ts';
import {
  compose,
  decorrelatedJitter,
  equalJitter,
  exponential,
  fullJitter,
  hedge,
  type RetryEvent,
  retry,
  retryBudget,
  sequence,
} from '../../src/policy/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { sleep } from '../../src/time/index.ts';
import { sequences } from '../setup/sequences.ts';
import { transient } from './operations.ts';

const chance = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1 });

function drawing(from: readonly number[]): () => number {
  let next = 0;
  return () => from[next++ % from.length] as number;
}

describe('the delays of retry', () => {
  it('are within the bounds of the backoff, whatever chance gives', async () => {
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
      sequences(5_000),
    );
  }, 300_000);
});

type Gives = 'value' | 'away' | 'busy' | 'wrong';

interface Script {
  readonly attempts: number;
  readonly delays: readonly number[];
  readonly maxElapsed: number;
  readonly deadline: number;
  readonly abortAt: number;
  /** How long each attempt takes, and what it gives; a value after the last. */
  readonly work: readonly { readonly takes: number; readonly gives: Gives; readonly retryAfter: number }[];
}

interface Expected {
  readonly starts: readonly number[];
  readonly end: number;
  readonly how: Gives | 'cancelled' | 'late';
  readonly why: (RetryEvent & { kind: 'gave_up' })['why'] | undefined;
}

/** What is to come of it, written down as one would do it by hand. */
function expected({ attempts, delays, maxElapsed, deadline, abortAt, work }: Script): Expected {
  const starts: number[] = [];
  let now = 0;
  for (let attempt = 1; ; attempt++) {
    if (abortAt < Math.min(now, deadline)) return { starts, end: abortAt, how: 'cancelled', why: undefined };
    starts.push(now);
    const { takes, gives, retryAfter } = work[attempt - 1] ?? { takes: 1, gives: 'value', retryAfter: 0 };
    now += takes;
    if (abortAt < Math.min(now, deadline)) return { starts, end: abortAt, how: 'cancelled', why: undefined };
    if (deadline < now) return { starts, end: deadline, how: 'late', why: undefined };
    const ended = (why: Expected['why']): Expected => ({ starts, end: now, how: gives, why });
    if (gives === 'value' || gives === 'wrong') return ended(undefined);
    if (attempt >= attempts) return ended('attempts');
    const delay = delays[Math.min(attempt, delays.length) - 1] as number;
    const next = now + (gives === 'busy' ? Math.max(delay, retryAfter) : delay);
    if (next > maxElapsed) return ended('max_elapsed');
    if (next > deadline) return ended('deadline');
    now = next;
  }
}

describe('the attempts of retry', () => {
  // Whole milliseconds for what takes time, halves for limits: nothing happens at the same time.
  const limit = fc.oneof(
    fc.constant(Infinity),
    fc.nat(200).map((time) => time + 0.5),
  );
  const script: fc.Arbitrary<Script> = fc.record({
    attempts: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 5 })),
    delays: fc.array(fc.nat(40), { minLength: 1, maxLength: 4 }),
    maxElapsed: limit,
    deadline: limit,
    abortAt: limit.map((time) => time - 0.25),
    work: fc.array(
      fc.record({
        takes: fc.nat(30),
        gives: fc.constantFrom<Gives>('away', 'away', 'busy', 'wrong', 'value'),
        retryAfter: fc.nat(80),
      }),
      { maxLength: 7, size: 'max' },
    ),
  });

  it('are made when they may be, and end when one would end them by hand', async () => {
    await fc.assert(
      fc.asyncProperty(script, fc.boolean(), async (given, twice) => {
        const clock = new VirtualClock();
        const starts: number[] = [];
        const numbers: number[] = [];
        let why: Expected['why'];
        const policy = retry({
          attempts: given.attempts,
          backoff: sequence(given.delays),
          maxElapsed: given.maxElapsed,
          clock,
          on: (event) => {
            if (event.kind === 'gave_up') why = event.why;
          },
        });
        const errors = {
          away: transient(),
          wrong: new TypeError('wrong'),
          busy: (retryAfter: number) =>
            new ServiceError('busy', { service: 'odds', kind: 'throttled', retryAfter }),
        };
        const caller = new AbortController();
        if (given.abortAt !== Infinity) clock.setTimer(given.abortAt, () => caller.abort('enough'));
        let last: unknown;
        const call = twice ? compose(policy, retry({ attempts: 1, clock })) : policy;
        const outcome = call
          .executeOutcome(
            async ({ attempt }) => {
              const { takes, gives, retryAfter } = given.work[starts.length] ?? {
                takes: 1,
                gives: 'value',
                retryAfter: 0,
              };
              starts.push(clock.now());
              numbers.push(attempt);
              if (takes > 0) await sleep(clock, takes);
              if (gives === 'value') return 'value';
              last = gives === 'busy' ? errors.busy(retryAfter) : errors[gives];
              throw last;
            },
            { signal: caller.signal, deadline: given.deadline },
          )
          .then((result) => ({ result, end: clock.now() }));
        await clock.runAll();
        const { result, end } = await outcome;
        const model = expected(given);
        expect({ starts, end }).toEqual({ starts: model.starts, end: model.end });
        if (!twice) {
          expect(why).toBe(model.why);
          expect(numbers).toEqual(starts.map((_, index) => index + 1));
        }
        if (model.how === 'value') expect(result).toEqual({ ok: true, value: 'value' });
        else if (model.how === 'cancelled')
          expect(result).toEqual({ ok: false, error: 'enough', kind: 'cancelled' });
        else if (model.how === 'late') expect(!result.ok && result.error).toBeInstanceOf(TimeoutError);
        else expect(!result.ok && result.error).toBe(last);
        expect(clock.pendingTimers).toBe(0);
      }),
      sequences(10_000),
    );
  }, 300_000);
});

describe('a retry budget', () => {
  it('gives an extra call as long as one is left, and never more than its share and its floor', () => {
    const events = fc.array(
      fc.oneof(
        fc.constant('deposit' as const),
        fc.constant('withdraw' as const),
        fc.integer({ min: 1, max: 5_000 }),
      ),
      { maxLength: 200, size: 'max' },
    );
    const ratios = fc.constantFrom(0.125, 0.25, 1);
    fc.assert(
      fc.property(events, ratios, fc.integer({ min: 0, max: 3 }), (all, ratio, minPerSecond) => {
        let now = 0;
        const clock = Object.assign(new VirtualClock(), { now: () => now });
        const budget = retryBudget({ ratio, minPerSecond, clock });
        let deposits = 0;
        let spent = 0;
        for (const event of all) {
          const before = budget.balance;
          if (event === 'deposit') {
            deposits += 1;
            budget.deposit();
            // What a hundred calls have earned is the most that is saved.
            expect(budget.balance).toBeLessThanOrEqual(before + ratio + 1e-9);
            expect(budget.balance).toBeGreaterThanOrEqual(Math.min(before, ratio * 100) - 1e-9);
          } else if (event === 'withdraw') {
            const given = budget.withdraw();
            expect(given).toBe(before >= 1);
            expect(budget.balance).toBeCloseTo(given ? before - 1 : before, 6);
            spent += given ? 1 : 0;
          } else {
            now += event;
            const most = Math.max(before, before + (event / 1_000) * minPerSecond);
            expect(budget.balance).toBeLessThanOrEqual(most + 1e-9);
            expect(budget.balance).toBeGreaterThanOrEqual(before - 1e-9);
          }
          // What it starts with: ten seconds of its floor.
          expect(spent).toBeLessThanOrEqual(ratio * deposits + minPerSecond * (10 + now / 1_000) + 1e-9);
        }
        expect(budget.balance).toBeLessThanOrEqual(ratio * 100 + minPerSecond * 10 + 1e-9);
      }),
      sequences(3_000),
    );
  });

  it('is charged for every call beyond the first, by retries and hedges alike, however they stand to each other', async () => {
    const work = fc.record({ takes: fc.nat(300), fails: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('retry(hedge)', 'hedge(retry)', 'beside each other'),
        fc.array(fc.record({ gap: fc.nat(400), works: fc.array(work, { minLength: 1, maxLength: 6 }) }), {
          maxLength: 30,
          size: 'max',
        }),
        fc.constantFrom(0, 1),
        async (how, calls, minPerSecond) => {
          const clock = new VirtualClock();
          const budget = retryBudget({ ratio: 0.25, minPerSecond, clock });
          const retrying = retry({ attempts: 4, backoff: sequence([0, 50]), budget, clock });
          const hedging = hedge({ after: 100, extra: 2, budget, clock });
          const both = how === 'retry(hedge)' ? compose(retrying, hedging) : compose(hedging, retrying);
          let made = 0;
          const settled: Promise<unknown>[] = [];
          for (const [index, { gap, works }] of calls.entries()) {
            await clock.advance(gap);
            const policy = how !== 'beside each other' ? both : index % 2 === 0 ? retrying : hedging;
            let tries = 0;
            const operation = async () => {
              made += 1;
              const { takes, fails } = works[tries++ % works.length] as { takes: number; fails: boolean };
              if (takes > 0) await sleep(clock, takes);
              if (fails) throw transient();
            };
            settled.push(policy.executeOutcome(operation));
            const extra = made - settled.length;
            const allowed = 0.25 * settled.length + minPerSecond * (10 + clock.now() / 1_000);
            expect(extra).toBeLessThanOrEqual(allowed + 1e-9);
          }
          await clock.runAll();
          await Promise.all(settled);
          const allowed = 0.25 * settled.length + minPerSecond * (10 + clock.now() / 1_000);
          expect(made - settled.length).toBeLessThanOrEqual(allowed + 1e-9);
          // Every one of them was taken out of it: what is left is no more than what was put in, less those.
          expect(budget.balance).toBeLessThanOrEqual(allowed - (made - settled.length) + 1e-6);
        },
      ),
      sequences(2_000),
    );
  }, 300_000);
});
