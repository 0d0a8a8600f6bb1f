import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  bulkhead,
  circuitBreaker,
  compose,
  constant,
  type ExecuteOptions,
  failureRate,
  fallback,
  hedge,
  type Policy,
  rateLimiter,
  retry,
  retryBudget,
  singleFlight,
  slowCalls,
  timeout,
} from '../../src/policy/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { gated, hanging, transient } from './operations.ts';

const budget = retryBudget({ ratio: 1 });

const policies: Readonly<Record<string, Policy<unknown>>> = {
  retry: retry({ attempts: 2, backoff: constant(0) }),
  'retry with a budget': retry({ attempts: 2, backoff: constant(0), budget }),
  'circuit breaker': circuitBreaker({ name: 'leaks', handle: () => false }),
  'circuit breaker with windows': circuitBreaker({
    name: 'leaks',
    trip: failureRate({ threshold: 1, window: '10s', minimumCalls: 1_000_000_000 }),
  }),
  'circuit breaker that measures': circuitBreaker({
    name: 'leaks',
    trip: slowCalls({ threshold: 1, slowerThan: '1h', minimumCalls: 1 }),
  }),
  timeout: timeout({ after: '1h' }),
  bulkhead: bulkhead({ limit: 1_000 }),
  'rate limiter': rateLimiter({ limit: 1_000_000, per: '1s' }),
  hedge: hedge({ after: '1h', budget }),
  fallback: fallback(() => 0),
  // Calls come in pairs of one key, and no key comes again.
  'single flight': singleFlight({ key: (number: number) => number }),
  'retry(breaker(timeout))': compose(
    retry({ attempts: 2, backoff: constant(0) }),
    circuitBreaker({ name: 'leaks', handle: () => false }),
    timeout({ after: '1h' }),
  ),
};

// All of them where time does not matter.
const calls = process.env.CI ? 1_000_000 : 50_000;
const inFlight = 100;

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

/** Makes all of the calls, so many at a time, and tells what is left of them when they have ended. */
async function leftBy(all: number, together: number, one: (number: number) => Promise<unknown>) {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', note);
  const timersBefore = timers();
  const run = async (many: number) => {
    for (let made = 0; made < many; made += together)
      await Promise.all(Array.from({ length: together }, (_, index) => one(made + index)));
  };
  await run(all / 10);
  const before = await heap();
  await run(all - all / 10);
  const grown = (await heap()) - before;
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', note);
  return { unhandled, timers: Math.max(0, timers() - timersBefore), grown };
}

// Less than one byte a call: what a call keeps for ever would be tens of them.
const little = (all: number) => Math.max(all, 500_000);

describe('very many calls under one long-lived signal', () => {
  it.each(Object.entries(policies))(
    'leave nothing behind: %s',
    async (_name, policy) => {
      const caller = new AbortController();
      const options: ExecuteOptions = { signal: caller.signal, key: 'all' };
      // Every tenth fails; every hundredth is given up by its own caller.
      const left = await leftBy(calls, inFlight, (number) => {
        if (number % 100 === 0)
          return policy.executeOutcome(() => 1, { ...options, signal: AbortSignal.abort('enough') });
        return policy.executeOutcome(async () => {
          if (number % 10 === 0) throw transient();
          return 1;
        }, options);
      });
      expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
      expect(left).toMatchObject({ unhandled: [], timers: 0 });
      expect(left.grown).toBeLessThan(little(calls));
    },
    120_000,
  );
});

describe('very many calls by the shortest way, with no signal and no deadline', () => {
  it.each(Object.entries(policies))(
    'leave nothing behind, plain and wrapped: %s',
    async (name, policy) => {
      const away = transient();
      const operation = async (number: number) => {
        if (number % 10 === 0) throw away;
        return 1;
      };
      const wrapped = policy.wrap(operation);
      // Only `wrap` has arguments to make a key of.
      const plain =
        name === 'single flight' ? wrapped : (number: number) => policy.execute(() => operation(number));
      const nothing = () => {};
      const left = await leftBy(calls, inFlight, (number) =>
        (number % 2 === 0 ? plain : wrapped)(number >> 1).catch(nothing),
      );
      expect(left).toMatchObject({ unhandled: [], timers: 0 });
      expect(left.grown).toBeLessThan(little(calls));
    },
    120_000,
  );
});

describe('very many calls that are not done in time', () => {
  const late = process.env.CI ? 100_000 : 20_000;
  const limited = bulkhead({ limit: 1_000 });
  const inTime: Readonly<Record<string, Policy>> = {
    timeout: timeout({ after: 1 }),
    'timeout with grace': timeout({ after: 1, grace: 1 }),
    'retry(breaker(timeout))': compose(
      retry({ attempts: 2, backoff: constant(0) }),
      circuitBreaker({ name: 'leaks', handle: () => false }),
      timeout({ after: 1 }),
    ),
    'timeout(bulkhead)': compose(timeout({ after: 1 }), limited),
    'timeout(single flight)': compose(timeout({ after: 1 }), singleFlight()),
  };

  it.each(Object.entries(inTime))(
    'leave nothing behind: %s',
    async (_name, policy) => {
      const kinds = new Set<string>();
      // Every second hears of its abort, and ends; the others never do.
      const left = await leftBy(late, 1_000, async (number) => {
        const outcome = await policy.executeOutcome(
          ({ signal }) => {
            if (number % 2 === 0 || policy === inTime['timeout(bulkhead)']) return untilAborted(signal);
            return hanging();
          },
          { key: number % 10 },
        );
        kinds.add(outcome.ok ? 'ok' : outcome.kind);
      });
      expect([...kinds]).toEqual(['timeout']);
      expect(left).toMatchObject({ unhandled: [], timers: 0 });
      expect(left.grown).toBeLessThan(little(late));
      expect(limited.atWork).toBe(0);
    },
    120_000,
  );
});

describe('ten thousand calls in flight through retry(breaker(timeout))', () => {
  it('hold one timer of the clock among them, and none when they have ended, whichever way', async () => {
    const clock = new VirtualClock();
    const policy = compose(
      retry({ attempts: 2, backoff: constant(0), clock }),
      circuitBreaker({ name: 'leaks', handle: () => false, clock }),
      timeout({ after: '10s', clock }),
    );
    for (const inTime of [true, false]) {
      const { operation, open } = gated<number>();
      const made = Array.from({ length: 10_000 }, () => policy.executeOutcome(operation));
      expect(clock.pendingTimers).toBe(1);
      await clock.advance('9s');
      expect(clock.pendingTimers).toBe(1);
      if (inTime) open(1);
      else {
        await clock.advance('1s');
        // The second attempts of all.
        expect(clock.pendingTimers).toBe(1);
        await clock.advance('10s');
      }
      const outcomes = await Promise.all(made);
      expect(outcomes.filter(({ ok }) => ok)).toHaveLength(inTime ? 10_000 : 0);
      expect(clock.pendingTimers).toBe(0);
    }
  });
});

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

async function heap(): Promise<number> {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
