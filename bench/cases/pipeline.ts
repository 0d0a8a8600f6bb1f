import { type Attempt, circuitBreaker, compose, type Policy, retry, timeout } from 'breakwater/policy';
import * as cockatiel from 'cockatiel';
import Opossum from 'opossum';
import pRetry from 'p-retry';
import { type Case, operation, type Variant } from '../case.ts';

/** retry(breaker(timeout)), as everybody has it. */
export function pipeline(): Policy {
  return compose(retry({ attempts: 4 }), circuitBreaker({ name: 'bench' }), timeout({ after: '10s' }));
}

function peers(): Variant[] {
  const theirs = cockatiel.wrap(
    cockatiel.retry(cockatiel.handleAll, { maxAttempts: 3 }),
    cockatiel.circuitBreaker(cockatiel.handleAll, {
      halfOpenAfter: 10_000,
      breaker: new cockatiel.ConsecutiveBreaker(5),
    }),
    cockatiel.timeout(10_000, cockatiel.TimeoutStrategy.Aggressive),
  );
  const opossum = new Opossum(operation, { timeout: 10_000 });
  return [
    { name: 'cockatiel', call: () => theirs.execute(operation) },
    {
      name: 'opossum in p-retry',
      call: () => pRetry(() => opossum.fire(), { retries: 3 }),
      end: () => opossum.shutdown(),
    },
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

async function reads({ signal }: Attempt): Promise<boolean> {
  return signal.aborted;
}

export const read: Case = {
  name: 'retry(breaker(timeout)), signal read',
  bare: operation,
  most: { ratio: 10 },
  variants() {
    const ours = pipeline();
    return [{ name: 'breakwater', call: () => ours.execute(reads) }];
  },
};
