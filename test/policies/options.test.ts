import { describe, expect, it } from 'vitest';
import * as policies from '../../src/policy/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { flaky, hanging } from './operations.ts';

// The least above zero: what is divided by it has no end.
const tiny = 5e-324;

const wrong: readonly unknown[] = [
  Number.NaN,
  -1,
  -0.5,
  Infinity,
  -Infinity,
  null,
  'soon',
  '',
  '-5s',
  {},
  [],
  true,
  1e308,
  tiny,
  0,
  2.5,
  Symbol('x'),
  10n,
];

const valid = {
  retry: { attempts: 2, maxElapsed: '1s', backoff: policies.constant(1), budget: policies.retryBudget() },
  circuitBreaker: {
    name: 'x',
    openFor: '1s',
    probes: 1,
    successes: 1,
    probeTimeout: '1s',
    trip: policies.consecutiveFailures(1),
  },
  timeout: { after: '1s', grace: 0 },
  bulkhead: { limit: 1, queue: 1, queueTimeout: '1s' },
  rateLimiter: { limit: 1, per: '1s', burst: 1, wait: '1s' },
  hedge: { after: '1s', extra: 1, budget: policies.retryBudget() },
  singleFlight: { key: () => 1 },
  retryBudget: { ratio: 0.2, minPerSecond: 1 },
  failureRate: { threshold: 0.5, window: '1m', minimumCalls: 5 },
  slowCalls: { threshold: 0.5, slowerThan: '1s', window: '1m', minimumCalls: 5 },
  exponential: { base: 1, cap: 1e308, factor: 2 },
  fullJitter: { base: 1, cap: 1e308 },
  equalJitter: { base: 1, cap: 1e308 },
  decorrelatedJitter: { base: 1, cap: 1e308 },
} as const;

const common = {
  retry: ['on', 'clock', 'handle', 'random'],
  circuitBreaker: ['on', 'clock', 'handle', 'random'],
  timeout: ['on', 'clock'],
  bulkhead: ['on', 'clock'],
  rateLimiter: ['on', 'clock'],
  hedge: ['on', 'clock', 'handle'],
  retryBudget: ['clock'],
} as Partial<Record<keyof typeof valid, readonly string[]>>;

// What the documentation of an option says that it takes, of the values above.
const taken: Readonly<Record<string, readonly unknown[]>> = {
  'retry.attempts': [Infinity],
  'retry.maxElapsed': [2.5, Infinity, 1e308, tiny],
  'circuitBreaker.name': ['soon', '-5s'],
  'circuitBreaker.openFor': [2.5, 1e308, tiny],
  'circuitBreaker.probeTimeout': [2.5, 1e308, tiny],
  'timeout.after': [2.5, 1e308, tiny],
  'timeout.grace': [0, 2.5, 1e308, tiny],
  'bulkhead.queue': [0, Infinity],
  'bulkhead.queueTimeout': [2.5, Infinity, 1e308, tiny],
  'rateLimiter.limit': [2.5, 1e308],
  'rateLimiter.per': [2.5, 1e308, tiny],
  'rateLimiter.wait': [0, 2.5, Infinity, 1e308, tiny],
  'hedge.after': [0, 2.5, 1e308, tiny],
  'retryBudget.ratio': [tiny],
  'retryBudget.minPerSecond': [0, 2.5, 1e308, tiny],
  'failureRate.threshold': [tiny],
  'slowCalls.threshold': [tiny],
  'failureRate.window': [2.5, 1e308],
  'slowCalls.window': [2.5, 1e308],
  'slowCalls.slowerThan': [2.5, 1e308, tiny],
  'exponential.base': [2.5, 1e308, tiny],
  'exponential.cap': [2.5, 1e308],
  'exponential.factor': [2.5, 1e308],
  'fullJitter.base': [2.5, 1e308, tiny],
  'fullJitter.cap': [2.5, 1e308],
  'equalJitter.base': [2.5, 1e308, tiny],
  'equalJitter.cap': [2.5, 1e308],
  'decorrelatedJitter.base': [2.5, 1e308, tiny],
  'decorrelatedJitter.cap': [2.5, 1e308],
};

// The numbers that a policy counts with, at both ends of what it takes.
const extremes: Readonly<Record<string, (end: number, clock: VirtualClock) => policies.Policy>> = {
  'retry.maxElapsed': (maxElapsed, clock) => policies.retry({ maxElapsed, clock }),
  // After the largest delay of all the time itself could not go on.
  'retry.backoff': (base, clock) =>
    policies.retry({
      backoff: policies.exponential({ base: Math.min(base, 1e12), cap: 1e12, factor: 1e308 }),
      clock,
    }),
  'retry.budget': (end, clock) => {
    const budget = policies.retryBudget({ ratio: Math.min(1, end), minPerSecond: end, clock });
    return policies.retry({ backoff: policies.constant(1), budget, clock });
  },
  'circuitBreaker.openFor': (openFor, clock) =>
    policies.circuitBreaker({
      name: 'x',
      trip: policies.consecutiveFailures(1),
      openFor,
      probeTimeout: openFor,
      clock,
    }),
  'failureRate.window': (window, clock) =>
    policies.circuitBreaker({
      name: 'x',
      trip: policies.failureRate({ threshold: tiny, window: Math.max(1, window) }),
      clock,
    }),
  'slowCalls.slowerThan': (slowerThan, clock) =>
    policies.circuitBreaker({
      name: 'x',
      trip: policies.slowCalls({ threshold: 1, slowerThan, minimumCalls: 1 }),
      clock,
    }),
  'timeout.after': (after, clock) => policies.timeout({ after, grace: after, clock }),
  'bulkhead.queueTimeout': (queueTimeout, clock) =>
    policies.bulkhead({ limit: 1, queue: 1, queueTimeout, clock }),
  'rateLimiter.per': (per, clock) => policies.rateLimiter({ limit: 1, per, wait: per, clock }),
  'hedge.after': (after, clock) => policies.hedge({ after, clock }),
};

const make = policies as unknown as Record<string, (options: unknown) => unknown>;

describe('options', () => {
  it('are taken as documented, or refused by name', () => {
    const options = Object.entries(valid).flatMap(([policy, all]) =>
      [...Object.keys(all), ...(common[policy as keyof typeof valid] ?? [])].map(
        (option) => [policy, option] as const,
      ),
    );
    for (const [policy, option] of options) {
      for (const value of wrong) {
        const given = { ...valid[policy as keyof typeof valid], [option]: value };
        const build = () => make[policy]?.(given);
        const what = `${policy}({ ${option}: ${String(value)} })`;
        if (taken[`${policy}.${option}`]?.includes(value)) expect(build, what).not.toThrow();
        else {
          expect(build, what).toThrow(policies.ConfigurationError);
          expect(build, what).toThrow(new RegExp(`^${policy}\\.${option}\\b`));
        }
      }
    }
  });

  it.each(['retry', 'circuitBreaker', 'timeout', 'bulkhead', 'rateLimiter', 'hedge', 'retryBudget'] as const)(
    'take no clock that lacks a part: %s',
    (policy) => {
      const { realClock } = policies;
      for (const part of ['now', 'wallNow', 'setTimer'] as const) {
        const build = () => make[policy]?.({ ...valid[policy], clock: { ...realClock, [part]: undefined } });
        expect(build, part).toThrow(`${policy}.clock must be a clock`);
      }
      expect(() => make[policy]?.({ ...valid[policy], clock: realClock })).not.toThrow();
    },
  );

  it('take no budget that lacks a part', () => {
    for (const part of ['deposit', 'withdraw'] as const) {
      const budget = { ...policies.retryBudget(), [part]: undefined };
      expect(() => policies.retry({ budget: budget as never }), part).toThrow(
        'retry.budget must be a retryBudget',
      );
    }
  });

  it('may not be left out whole where something must be given, nor be null', () => {
    for (const policy of Object.keys(valid)) {
      for (const given of [null, 7, 'x']) {
        const build = () => make[policy]?.(given);
        expect(build, policy).toThrow(policies.ConfigurationError);
        expect(build, policy).toThrow(new RegExp(`^${policy} must be given an object of options`));
      }
    }
    for (const rule of ['failureRate', 'slowCalls'])
      expect(() => make[rule]?.(undefined), rule).toThrow(policies.ConfigurationError);
    for (const policy of ['timeout', 'bulkhead', 'rateLimiter', 'hedge', 'circuitBreaker']) {
      expect(() => make[policy]?.({}), policy).toThrow(policies.ConfigurationError);
    }
  });

  it.each(Object.entries(extremes))('serve calls at the ends of what they take: %s', async (_name, build) => {
    for (const end of [tiny, 1e308]) {
      const clock = new VirtualClock();
      await clock.advance('1d');
      const policy = build(end, clock);
      const operation = flaky(2);
      for (let call = 0; call < 4; call++)
        expect((await clock.runUntil(policy.executeOutcome(operation))).ok, `${end}`).toBeTypeOf('boolean');
      expect(operation, `${end}`).toHaveBeenCalled();
      // The deadlines of the clock are still in order: none was put among them that is no time.
      const late = policies.timeout({ after: '1s', clock }).executeOutcome(hanging);
      await clock.advance('1s');
      expect(await late).toMatchObject({ kind: 'timeout' });
    }
  });

  it('are read once: an object shared by two policies, or changed later, is neither written nor looked at again', async () => {
    const options = Object.freeze({ name: 'shared', trip: policies.consecutiveFailures(1) });
    const one = policies.circuitBreaker(options);
    const other = policies.circuitBreaker(options);
    await one.executeOutcome(() => Promise.reject(new Error('away')));
    expect([one.state, other.state]).toEqual(['open', 'closed']);
    const changing = { limit: 1 };
    const limited = policies.bulkhead(changing);
    changing.limit = 9;
    void limited.execute(() => new Promise(() => {}));
    await expect(limited.execute(() => 1)).rejects.toThrow('All 1 places');
  });

  it.each([
    [{ signal: {} }, 'execute.signal'],
    [{ deadline: Number.NaN }, 'execute.deadline'],
    [{ deadline: '5s' }, 'execute.deadline'],
    [null, 'execute.options'],
  ])('of a call are checked too: %o', async (options, field) => {
    const policy = policies.retry();
    await expect(policy.execute(() => 1, options as never)).rejects.toThrow(field);
    expect(await policy.executeOutcome(() => 1, options as never)).toMatchObject({
      ok: false,
      kind: 'permanent',
    });
  });
});
