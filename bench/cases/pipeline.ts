import { type Attempt, circuitBreaker, compose, type Policy, retry, timeout } from 'breakwater/policy';
import * as cockatiel from 'cockatiel';
import { Effect } from 'effect';
import { Circuit, Retry, SlidingCountBreaker, Timeout } from 'mollitia';
import Opossum from 'opossum';
import pRetry from 'p-retry';
import pTimeout from 'p-timeout';
import { type Case, operation, type Variant } from '../case.ts';

/** retry(breaker(timeout)), as everybody has it. */
export function pipeline(): Policy {
  return compose(retry({ attempts: 4 }), circuitBreaker({ name: 'bench' }), timeout({ after: '10s' }));
}

function cockatielPipeline() {
  return cockatiel.wrap(
    cockatiel.retry(cockatiel.handleAll, { maxAttempts: 3 }),
    cockatiel.circuitBreaker(cockatiel.handleAll, {
      halfOpenAfter: 10_000,
      breaker: new cockatiel.ConsecutiveBreaker(5),
    }),
    cockatiel.timeout(10_000, cockatiel.TimeoutStrategy.Aggressive),
  );
}

/** It has no breaker. */
function effectPipeline<T>(operation: (signal: AbortSignal) => Promise<T>) {
  return Effect.retry(Effect.timeout(Effect.tryPromise(operation), 10_000), { times: 3 });
}

function peers(): Variant[] {
  const theirs = cockatielPipeline();
  const effect = effectPipeline(operation);
  const modules = [
    new Retry({ attempts: 3 }),
    new SlidingCountBreaker({ failureRateThreshold: 100 }),
    new Timeout({ delay: 10_000 }),
  ];
  const mollitia = new Circuit({ options: { modules } }).fn(operation);
  const opossum = new Opossum(operation, { timeout: 10_000 });
  return [
    { name: 'cockatiel', call: () => theirs.execute(operation) },
    {
      name: 'opossum in p-retry',
      call: () => pRetry(() => opossum.fire(), { retries: 3 }),
      end: () => opossum.shutdown(),
    },
    {
      name: 'p-timeout in p-retry, no breaker',
      call: () => pRetry(() => pTimeout(operation(), { milliseconds: 10_000 }), { retries: 3 }),
    },
    { name: 'Effect, no breaker', call: () => Effect.runPromise(effect) },
    { name: 'mollitia', call: () => mollitia.execute() },
  ];
}

export const unread: Case = {
  name: 'retry(breaker(timeout)), signal not read',
  bare: operation,
  most: { ratio: 5, bytes: 900 },
  variants() {
    const ours = pipeline();
    return [{ name: 'breakwater', call: () => ours.execute(operation) }, ...peers()];
  },
};

async function reads({ signal }: Pick<Attempt, 'signal'>): Promise<boolean> {
  return signal.aborted;
}

export const read: Case = {
  name: 'retry(breaker(timeout)), signal read',
  bare: operation,
  most: { ratio: 10 },
  variants() {
    const ours = pipeline();
    const theirs = cockatielPipeline();
    const effect = effectPipeline((signal) => reads({ signal }));
    return [
      { name: 'breakwater', call: () => ours.execute(reads) },
      { name: 'cockatiel', call: () => theirs.execute(reads) },
      { name: 'Effect, no breaker', call: () => Effect.runPromise(effect) },
    ];
  },
};
