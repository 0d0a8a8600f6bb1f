import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import { transient } from '../../test/policies/operations.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import {
  anyOf,
  type CircuitBreaker,
  type CircuitRecord,
  circuitBreaker,
  compose,
  consecutiveFailures,
  defineTripRule,
  failureRate,
  slowCalls,
  type TripRule,
  timeout,
} from './index.ts';

const mine = new Error('mine');
const throws = () => {
  throw mine;
};
const strikes = { name: 'strikes', initial: 0, record: (n: number) => n + 1, trips: () => false };

describe('a circuit breaker whose parts throw', () => {
  let reported: MockInstance;
  beforeEach(() => {
    reported = vi.spyOn(console, 'error').mockImplementation(() => {});
  });
  afterEach(() => {
    reported.mockRestore();
  });
  const told = () => reported.mock.calls.map(([, error]) => error);

  /** The breaker alone and in a loop, asked in each way. */
  const ways = (breaker: CircuitBreaker, clock: VirtualClock) => {
    const loop = compose(breaker, timeout({ after: '1m', clock }));
    return [breaker, loop].flatMap((policy) => [
      (operation: () => Promise<unknown>) => policy.execute(operation).catch((error: unknown) => error),
      async (operation: () => Promise<unknown>) => {
        const outcome = await policy.executeOutcome(operation);
        return outcome.ok ? outcome.value : outcome.error;
      },
    ]);
  };

  it.each([
    ['record', undefined],
    ['trips', undefined],
    ['record', 'nothing'],
    ['trips', 'nothing'],
  ] as const)(
    'settles each call with its own result where %s throws, tells of it and counts nothing (%s needed)',
    async (part, needs) => {
      const clock = new VirtualClock();
      const trip: TripRule = { ...defineTripRule({ ...strikes }), [part]: throws, needs };
      const breaker = circuitBreaker({ name: 'odds-api', trip, clock });
      const before = breaker.snapshot();
      const error = transient();
      for (const call of ways(breaker, clock)) {
        expect(await call(async () => 7)).toBe(7);
        expect(await call(() => Promise.reject(error))).toBe(error);
      }
      expect(told()).toEqual(Array.from({ length: 8 }, () => mine));
      expect(breaker.snapshot()).toEqual(before);
      expect(clock.pendingTimers).toBe(0);
    },
  );

  it('ends the process for no mark at which its rule throws', async () => {
    const clock = new VirtualClock();
    const trip = defineTripRule({ ...strikes, record: throws, marks: [10, 20] });
    const breaker = circuitBreaker({ name: 'odds-api', trip, clock });
    const work = Promise.withResolvers<number>();
    const call = breaker.execute(() => work.promise);
    await clock.advance(30);
    work.resolve(1);
    expect(await call).toBe(1);
    expect(told()).toEqual([mine, mine, mine]);
  });

  it.each([
    ['throws', throws],
    ['gives NaN', () => Number.NaN],
    ['gives 1', () => 1],
  ])('opens for its time where chance %s, and tells of it', async (_what, random) => {
    const clock = new VirtualClock();
    const openFor = { base: '10s', cap: '1m', jitter: 1 };
    for (const way of [0, 1, 2, 3]) {
      const breaker = circuitBreaker({ name: 'x', trip: consecutiveFailures(1), openFor, random, clock });
      const error = transient();
      expect(await ways(breaker, clock)[way]?.(() => Promise.reject(error))).toBe(error);
      const now = clock.now();
      expect(breaker.snapshot()).toMatchObject({ state: 'open', openUntil: now + 10_000 });
      await expect(breaker.execute(() => 1)).rejects.toMatchObject({ retryAfter: 10_000 });
    }
    expect(told()).toHaveLength(4);
  });

  it('settles calls whose errors can’t be looked at, with these', async () => {
    const clock = new VirtualClock();
    const error = Object.defineProperty(new Error('x'), 'code', { get: throws });
    const breaker = circuitBreaker({ name: 'x', clock });
    let calls = 0;
    for (const call of ways(breaker, clock)) {
      expect(await call(() => Promise.reject(error))).toBe(error);
      calls += 1;
      // Of unknown kind, and so counted.
      expect(breaker.snapshot().failures).toBe(calls);
    }
  });
});

describe('a circuit breaker that is given the snapshot of another', () => {
  const rules: readonly (readonly [what: string, make: () => TripRule])[] = [
    ['failures in a row', () => consecutiveFailures(2)],
    ['a rate over a time', () => failureRate({ threshold: 0.5, window: 100, minimumCalls: 3 })],
    ['a rate over a longer time', () => failureRate({ threshold: 0.5, window: 1_000, minimumCalls: 3 })],
    ['a rate over calls', () => failureRate({ threshold: 0.5, window: { calls: 5 } })],
    ['a rate over more calls', () => failureRate({ threshold: 0.5, window: { calls: 40 } })],
    ['slow calls', () => slowCalls({ threshold: 0.5, slowerThan: 5, window: { calls: 5 } })],
    ['slower calls', () => slowCalls({ threshold: 0.5, slowerThan: 9, window: { calls: 5 } })],
    ['either', () => anyOf(consecutiveFailures(2), failureRate({ threshold: 0.5, window: { calls: 5 } }))],
    ['one of its own', () => defineTripRule({ ...strikes, trips: (n) => n >= 4 })],
  ];
  const calls = fc.array(
    fc.record({ failed: fc.boolean(), takes: fc.integer({ min: 0, max: 12 }), pause: fc.nat(60) }),
    { maxLength: 12, size: 'max' },
  );
  type Calls = typeof calls extends fc.Arbitrary<infer T> ? T : never;

  const made = (make: () => TripRule, clock: VirtualClock) =>
    circuitBreaker({ name: 'x', trip: make(), openFor: '1h', clock });
  const see = async (breaker: CircuitBreaker, clock: VirtualClock, all: Calls) => {
    const seen: string[] = [];
    for (const { failed, takes, pause } of all) {
      const call = breaker.executeOutcome(async () => {
        await clock.advance(takes);
        if (failed) throw transient();
      });
      seen.push(`${(await call).ok} ${breaker.state}`);
      await clock.advance(pause);
    }
    return seen;
  };
  const throughJson = (record: CircuitRecord) => JSON.parse(JSON.stringify(record)) as CircuitRecord;

  it('goes on from its own rule’s counts, and by any other rule is as a new one', async () => {
    const pair = fc.tuple(fc.nat(rules.length - 1), fc.nat(rules.length - 1));
    await fc.assert(
      fc.asyncProperty(pair, calls, calls, async ([from, to], before, after) => {
        const [clock, twin] = [new VirtualClock(), new VirtualClock()];
        const [, makeFrom] = rules[from] as (typeof rules)[number];
        const [, makeTo] = rules[to] as (typeof rules)[number];
        const one = made(makeFrom, clock);
        await see(one, clock, before);
        if (one.state !== 'closed') one.reset();
        await twin.advance(clock.now());
        const restored = made(makeTo, clock);
        restored.restore(throughJson(one.snapshot()));
        // Its own rule goes on where it was; any other starts.
        const expected = from === to ? one : made(makeTo, clock);
        const record = restored.snapshot();
        expect(record.trip).toEqual(expected.snapshot().trip);
        const seen = await see(restored, clock, after);
        const fresh = made(makeTo, twin);
        if (from !== to) expect(seen).toEqual(await see(fresh, twin, after));
      }),
    );
  });

  it('takes one that does not tell what was counted for one of another rule', () => {
    const clock = new VirtualClock();
    const breaker = made(() => consecutiveFailures(2), clock);
    const { counts, ...old } = breaker.snapshot();
    breaker.restore({ ...old, trip: 1 });
    expect(breaker.snapshot()).toMatchObject({ trip: 0, counts });
    breaker.restore({ ...old, trip: 1, counts });
    expect(breaker.snapshot()).toMatchObject({ trip: 1, counts });
  });

  it('refuses what is none, and stays as it was', () => {
    const breaker = made(() => consecutiveFailures(2), new VirtualClock());
    const before = breaker.snapshot();
    for (const field of ['state', 'epoch', 'trip', 'openUntil'])
      expect(() => breaker.restore({ ...before, [field]: undefined } as never)).toThrow(
        `circuitBreaker.restore.${field} must be`,
      );
    expect(() => breaker.restore(null as never)).toThrow('circuitBreaker.restore must be');
    expect(breaker.snapshot()).toEqual(before);
  });

  it('refuses a rule with a mark that is no time', () => {
    for (const marks of [[Number.NaN], [0], [5, 5], [Infinity]]) {
      const trip = { ...defineTripRule({ ...strikes }), marks };
      expect(() => circuitBreaker({ name: 'x', trip })).toThrow('circuitBreaker.trip.marks must be');
    }
  });
});
