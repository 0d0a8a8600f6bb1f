import { describe, expect, it } from 'vitest';
import {
  anyOf,
  bulkhead,
  ConfigurationError,
  circuitBreaker,
  compose,
  constant,
  consecutiveFailures,
  decorrelatedJitter,
  definePolicy,
  defineTripRule,
  ensemble,
  equalJitter,
  exponential,
  failureRate,
  fallback,
  fullJitter,
  hedge,
  rateLimiter,
  retry,
  retryBudget,
  sequence,
  singleFlight,
  slowCalls,
  timeout,
} from '../../src/policy/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

const duration = "a finite duration of more than zero, in milliseconds or as text such as '30s'";
const orZero = "a finite duration of zero or more, in milliseconds or as text such as '30s'";
// biome-ignore lint/suspicious/noExplicitAny: everything here is wrong on purpose
const wrong: any = Number.NaN;
const name = 'odds';
const growing = { base: '10s', cap: '1m' };

describe('an option that can not be', () => {
  it.each<readonly [field: string, allowed: string, build: () => unknown]>([
    ['retry', 'given an object of options', () => retry(null as never)],
    ['retry.clock', 'a clock', () => retry({ clock: {} as never })],
    ['retry.clock', 'a clock', () => retry({ clock: { now: () => 0 } as never })],
    ['retry.clock', 'a clock', () => retry({ clock: null as never })],
    ['retry.on', 'a function', () => retry({ on: wrong })],
    ['hedge.on', 'a function', () => hedge({ after: 1, on: wrong })],
    ['timeout.on', 'a function', () => timeout({ after: 1, on: wrong })],
    ['fallback.on', 'a function', () => fallback(() => 1, { on: wrong })],
    ['bulkhead.on', 'a function', () => bulkhead({ limit: 1, on: wrong })],
    ['rateLimiter.on', 'a function', () => rateLimiter({ limit: 1, on: wrong })],
    ['circuitBreaker.on', 'a function', () => circuitBreaker({ name, on: wrong })],
    ['retry.handle', 'a function', () => retry({ handle: wrong })],
    ['retry.random', 'a function', () => retry({ random: wrong })],
    ['retry.attempts', 'a whole number of at least 1, or Infinity', () => retry({ attempts: 0 })],
    ['retry.attempts', 'a whole number of at least 1, or Infinity', () => retry({ attempts: -Infinity })],
    ['retry.backoff', 'a backoff', () => retry({ backoff: wrong })],
    ['retry.budget', 'a retryBudget', () => retry({ budget: {} as never })],
    ['retry.budget', 'a retryBudget', () => retry({ budget: null as never })],
    ['retry.maxElapsed', `${duration}, or Infinity`, () => retry({ maxElapsed: 0 })],
    ['retryBudget.ratio', 'a number above 0 and at most 1', () => retryBudget({ ratio: 0 })],
    ['retryBudget.ratio', 'a number above 0 and at most 1', () => retryBudget({ ratio: 1.01 })],
    ['retryBudget.ratio', 'a number above 0 and at most 1', () => retryBudget({ ratio: '0.5' as never })],
    ['retryBudget.minPerSecond', 'a finite number of at least 0', () => retryBudget({ minPerSecond: -1 })],
    ['circuitBreaker.name', 'a name', () => circuitBreaker({ name: '' })],
    ['circuitBreaker.name', 'a name', () => circuitBreaker({ name: 7 as never })],
    ['circuitBreaker.trip', 'a trip rule', () => circuitBreaker({ name, trip: null as never })],
    ['circuitBreaker.trip', 'a trip rule', () => circuitBreaker({ name, trip: { trips() {} } as never })],
    ['circuitBreaker.trip', 'a trip rule', () => circuitBreaker({ name, trip: { record() {} } as never })],
    ['circuitBreaker.probes', 'a whole number of at least 1', () => circuitBreaker({ name, probes: 0 })],
    [
      'circuitBreaker.successes',
      'a whole number of at least 1',
      () => circuitBreaker({ name, successes: 1.5 }),
    ],
    ['circuitBreaker.openFor', duration, () => circuitBreaker({ name, openFor: null as never })],
    [
      'circuitBreaker.openFor.base',
      duration,
      () => circuitBreaker({ name, openFor: { ...growing, base: 0 } }),
    ],
    ['circuitBreaker.openFor.cap', duration, () => circuitBreaker({ name, openFor: { ...growing, cap: 0 } })],
    [
      'circuitBreaker.openFor.cap',
      'at least base (10000 ms)',
      () => circuitBreaker({ name, openFor: { ...growing, cap: '9s' } }),
    ],
    [
      'circuitBreaker.openFor.factor',
      'a number of at least 1',
      () => circuitBreaker({ name, openFor: { ...growing, factor: 0.9 } }),
    ],
    [
      'circuitBreaker.openFor.factor',
      'a number of at least 1',
      () => circuitBreaker({ name, openFor: { ...growing, factor: Infinity } }),
    ],
    [
      'circuitBreaker.openFor.jitter',
      'a number from 0 to 1',
      () => circuitBreaker({ name, openFor: { ...growing, jitter: 1.1 } }),
    ],
    [
      'circuitBreaker.openFor.jitter',
      'a number from 0 to 1',
      () => circuitBreaker({ name, openFor: { ...growing, jitter: -0.1 } }),
    ],
    [
      'circuitBreaker.openFor.jitter',
      'a number from 0 to 1',
      () => circuitBreaker({ name, openFor: { ...growing, jitter: '1' as never } }),
    ],
    [
      'circuitBreaker.openFor.quiet',
      duration,
      () => circuitBreaker({ name, openFor: { ...growing, quiet: 0 } }),
    ],
    ['circuitBreaker.probeTimeout', duration, () => circuitBreaker({ name, probeTimeout: 0 })],
    ['consecutiveFailures', 'a whole number of at least 1', () => consecutiveFailures(0)],
    ['consecutiveFailures', 'a whole number of at least 1', () => consecutiveFailures(1.5)],
    ['failureRate.threshold', 'a number above 0 and at most 1', () => failureRate({ threshold: 1.01 })],
    [
      'failureRate.threshold',
      'a number above 0 and at most 1',
      () => failureRate({ threshold: '1' as never }),
    ],
    ['failureRate.window', duration, () => failureRate({ threshold: 1, window: null as never })],
    [
      'failureRate.window.calls',
      'a whole number from 1 to 10000',
      () => failureRate({ threshold: 1, window: { calls: 10_001 } }),
    ],
    [
      'failureRate.window.calls',
      'a whole number from 1 to 10000',
      () => failureRate({ threshold: 1, window: { calls: 0 } }),
    ],
    [
      'failureRate.minimumCalls',
      "a whole number of at least 1, and at most the window's 5 calls",
      () => failureRate({ threshold: 1, window: { calls: 5 }, minimumCalls: 6 }),
    ],
    [
      'failureRate.minimumCalls',
      'a whole number of at least 1',
      () => failureRate({ threshold: 1, minimumCalls: 0 }),
    ],
    [
      'failureRate.minimumCalls',
      'a whole number of at least 1',
      () => failureRate({ threshold: 1, minimumCalls: 1.5 }),
    ],
    ['slowCalls.slowerThan', duration, () => slowCalls({ threshold: 1, slowerThan: 0 })],
    [
      'slowCalls.threshold',
      'a number above 0 and at most 1',
      () => slowCalls({ threshold: 0, slowerThan: 1 }),
    ],
    ['anyOf', 'given at least one trip rule', () => anyOf()],
    ['anyOf[1]', 'a trip rule', () => anyOf(consecutiveFailures(1), null as never)],
    ['defineTripRule.name', 'a name', () => defineTripRule({ name: 7 } as never)],
    ['defineTripRule.initial', 'JSON', () => defineTripRule({ name, initial: { a: [() => 1] } } as never)],
    [
      'defineTripRule.record',
      'a function',
      () => defineTripRule({ name, initial: [true, null, 'x'] } as never),
    ],
    [
      'defineTripRule.trips',
      'a function',
      () => defineTripRule({ name, initial: 0, record: (state: number) => state } as never),
    ],
    [
      'defineTripRule.marks',
      'milliseconds above 0, ascending',
      () => defineTripRule({ name, initial: 0, record: (state) => state, trips: () => false, marks: [0] }),
    ],
    [
      'defineTripRule.marks',
      'milliseconds above 0, ascending',
      () =>
        defineTripRule({ name, initial: 0, record: (state) => state, trips: () => false, marks: [Infinity] }),
    ],
    ['timeout.after', duration, () => timeout({ after: 0 })],
    ['timeout.grace', orZero, () => timeout({ after: 1, grace: -1 })],
    ['bulkhead.limit', 'a whole number of at least 1', () => bulkhead({ limit: 0 })],
    ['bulkhead.queue', 'a whole number of at least 0', () => bulkhead({ limit: 1, queue: -1 })],
    ['bulkhead.queueTimeout', `${duration}, or Infinity`, () => bulkhead({ limit: 1, queueTimeout: 0 })],
    ['rateLimiter.limit', 'a finite number above 0', () => rateLimiter({ limit: 0 })],
    ['rateLimiter.limit', 'a finite number above 0', () => rateLimiter({ limit: Infinity })],
    ['rateLimiter.per', duration, () => rateLimiter({ limit: 1, per: 0 })],
    ['rateLimiter.burst', 'a whole number of at least 1', () => rateLimiter({ limit: 1, burst: 0 })],
    ['rateLimiter.wait', `${orZero}, or Infinity`, () => rateLimiter({ limit: 1, wait: -1 })],
    ['hedge.after', orZero, () => hedge({ after: -1 })],
    ['hedge.extra', 'a whole number of at least 1', () => hedge({ after: 1, extra: 0 })],
    ['hedge.budget', 'a retryBudget', () => hedge({ after: 1, budget: null as never })],
    ['fallback', 'given a function', () => fallback(null as never)],
    ['singleFlight', 'given an object of options', () => singleFlight(null as never)],
    ['singleFlight', 'given an object of options', () => singleFlight(7 as never)],
    ['singleFlight.key', 'a function of the arguments', () => singleFlight({ key: 7 as never })],
    ['ensemble.members', 'an object of functions', () => ensemble(null as never)],
    ['ensemble.members', 'an object of functions', () => ensemble(7 as never)],
    ['ensemble.members', 'at least one function', () => ensemble({})],
    ['ensemble.members.elo', 'a function', () => ensemble({ elo: 7 as never })],
    ['ensemble.minimum', 'a whole number of at least 1', () => ensemble([() => 1], { minimum: 0 })],
    ['ensemble.minimum', 'at most the number of members (1)', () => ensemble([() => 1], { minimum: 2 })],
    ['compose', 'given at least one policy', () => compose()],
    ['compose[1]', 'a policy', () => compose(retry(), {} as never)],
    ['compose[0]', 'a policy', () => compose(null as never)],
    [
      'compose',
      'given policies that share a clock',
      () => compose(retry(), timeout({ after: 1, clock: new VirtualClock() })),
    ],
    ['definePolicy.name', 'a name', () => definePolicy('', (next) => next())],
    ['definePolicy.name', 'a name', () => definePolicy(7 as never, (next) => next())],
    ['definePolicy.logged', 'a function', () => definePolicy('logged', null as never)],
    ['wrap', 'given a function', () => retry().wrap(null as never)],
    ['constant', orZero, () => constant(-1)],
    ['exponential.factor', 'a number of at least 1', () => exponential({ factor: 0.9 })],
    ['exponential.base', duration, () => exponential({ base: 0 })],
    ['exponential.cap', duration, () => exponential({ cap: 0 })],
    ['exponential.cap', 'at least base (1000 ms)', () => exponential({ cap: 999 })],
    ['fullJitter.cap', 'at least base (2000 ms)', () => fullJitter({ base: '2s', cap: '1s' })],
    ['equalJitter.cap', 'at least base (2000 ms)', () => equalJitter({ base: '2s', cap: '1s' })],
    [
      'decorrelatedJitter.cap',
      'at least base (2000 ms)',
      () => decorrelatedJitter({ base: '2s', cap: '1s' }),
    ],
    ['sequence', 'a list with at least one delay', () => sequence([])],
    ['sequence[1]', orZero, () => sequence([0, -1])],
  ])('%s must be %s', (field, allowed, build) => {
    let error: unknown;
    try {
      build();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ field, allowed });
  });

  it('is told of a call too', async () => {
    const policy = compose(retry(), singleFlight());
    const told = (options: unknown) =>
      policy
        .execute(() => 1, options as never)
        .catch(({ field, allowed }: ConfigurationError) => [field, allowed]);
    expect(await told(null)).toEqual(['execute.options', 'an object']);
    expect(await told(7)).toEqual(['execute.options', 'an object']);
    expect(await told({ signal: null })).toEqual(['execute.signal', 'an AbortSignal']);
    expect(await told({ signal: {} })).toEqual(['execute.signal', 'an AbortSignal']);
    expect(await told({ deadline: '1' })).toEqual([
      'execute.deadline',
      'monotonic milliseconds, or Infinity',
    ]);
    expect(await told({ deadline: Number.NaN })).toEqual([
      'execute.deadline',
      'monotonic milliseconds, or Infinity',
    ]);
    expect(await told({})).toEqual(['execute.key', 'given, for a policy with a singleFlight']);
    const wrapped = singleFlight().wrap(async () => 1);
    await expect(wrapped()).rejects.toMatchObject({
      field: 'singleFlight.key',
      allowed: 'given, where a function is wrapped',
    });
  });
});

describe('an option at its bound', () => {
  it.each<() => unknown>([
    () => retry({ attempts: Infinity }),
    () => retryBudget({ ratio: 1, minPerSecond: 0 }),
    () => circuitBreaker({ name, openFor: { base: 1, cap: 1, factor: 1, jitter: 0 } }),
    () => circuitBreaker({ name, openFor: { base: 1, cap: 1, jitter: 1 } }),
    () => failureRate({ threshold: 1, window: { calls: 10_000 } }),
    () => failureRate({ threshold: 1, window: { calls: 1 }, minimumCalls: 1 }),
    () => bulkhead({ limit: 1, queue: Infinity }),
    () => bulkhead({ limit: 1, queue: 0 }),
    () => ensemble([() => 1], { minimum: 1 }),
    () => exponential({ base: 1, cap: 1, factor: 1 }),
    () => defineTripRule({ name, initial: null, record: (state) => state, trips: () => false, marks: [] }),
  ])('is taken: %s', (build) => {
    expect(build).not.toThrow();
  });
});
