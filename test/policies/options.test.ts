import { describe, expect, it } from 'vitest';
import * as policies from '../../src/policy/index.ts';

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
} as Partial<Record<keyof typeof valid, readonly string[]>>;

// What the documentation of an option says that it takes, of the values above.
const taken: Readonly<Record<string, readonly unknown[]>> = {
  'retry.attempts': [Infinity],
  'retry.maxElapsed': [2.5, Infinity, 1e308],
  'circuitBreaker.name': ['soon', '-5s'],
  'circuitBreaker.openFor': [2.5, 1e308],
  'circuitBreaker.probeTimeout': [2.5, 1e308],
  'timeout.after': [2.5, 1e308],
  'timeout.grace': [0, 2.5, 1e308],
  'bulkhead.queue': [0, Infinity],
  'bulkhead.queueTimeout': [2.5, Infinity, 1e308],
  'rateLimiter.limit': [2.5, 1e308],
  'rateLimiter.per': [2.5, 1e308],
  'rateLimiter.wait': [0, 2.5, Infinity, 1e308],
  'hedge.after': [0, 2.5, 1e308],
  'retryBudget.minPerSecond': [0, 2.5, 1e308],
  'failureRate.window': [2.5, 1e308],
  'slowCalls.window': [2.5, 1e308],
  'slowCalls.slowerThan': [2.5, 1e308],
  'exponential.base': [2.5, 1e308],
  'exponential.cap': [2.5, 1e308],
  'exponential.factor': [2.5, 1e308],
  'fullJitter.base': [2.5, 1e308],
  'fullJitter.cap': [2.5, 1e308],
  'equalJitter.base': [2.5, 1e308],
  'equalJitter.cap': [2.5, 1e308],
  'decorrelatedJitter.base': [2.5, 1e308],
  'decorrelatedJitter.cap': [2.5, 1e308],
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
    for (const policy of [
      'timeout',
      'bulkhead',
      'rateLimiter',
      'hedge',
      'circuitBreaker',
      'retry',
      'retryBudget',
      'failureRate',
      'slowCalls',
      'singleFlight',
    ]) {
      expect(() => make[policy]?.(null), policy).toThrow(policies.ConfigurationError);
    }
    for (const rule of ['failureRate', 'slowCalls'])
      expect(() => make[rule]?.(undefined), rule).toThrow(policies.ConfigurationError);
    for (const policy of ['timeout', 'bulkhead', 'rateLimiter', 'hedge', 'circuitBreaker']) {
      expect(() => make[policy]?.({}), policy).toThrow(policies.ConfigurationError);
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
