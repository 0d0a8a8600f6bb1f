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
import { transient } from './operations.ts';

const budget = retryBudget({ ratio: 1 });

const policies: Readonly<Record<string, Policy<unknown>>> = {
  retry: retry({ attempts: 2, backoff: constant(0), budget }),
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
  'single flight': singleFlight(),
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

describe('very many calls under one long-lived signal', () => {
  it.each(Object.entries(policies))(
    'leave nothing behind: %s',
    async (_name, policy) => {
      const caller = new AbortController();
      const options: ExecuteOptions = { signal: caller.signal, key: 'all' };
      const unhandled: unknown[] = [];
      const note = (error: unknown) => unhandled.push(error);
      process.on('unhandledRejection', note);
      const timersBefore = timers();
      // Every tenth fails; every hundredth is given up by its own caller.
      const one = (number: number) => {
        if (number % 100 === 0)
          return policy.executeOutcome(() => 1, { ...options, signal: AbortSignal.abort('enough') });
        return policy.executeOutcome(async () => {
          if (number % 10 === 0) throw transient();
          return 1;
        }, options);
      };
      const run = async (many: number) => {
        for (let made = 0; made < many; made += inFlight) {
          await Promise.all(Array.from({ length: inFlight }, (_, index) => one(made + index)));
        }
      };
      await run(calls / 10);
      const before = await heap();
      await run(calls - calls / 10);
      const grown = (await heap()) - before;
      await new Promise((resolve) => setImmediate(resolve));
      process.off('unhandledRejection', note);
      expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
      expect(timers()).toBeLessThanOrEqual(timersBefore);
      expect(unhandled).toEqual([]);
      // Less than one byte a call: what a call keeps for ever would be tens of them.
      expect(grown).toBeLessThan(Math.max(calls, 500_000));
    },
    120_000,
  );
});

async function heap(): Promise<number> {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
