import { constant, retry } from 'breakwater/policy';
import * as cockatiel from 'cockatiel';
import { Effect } from 'effect';
import { Circuit, Retry } from 'mollitia';
import pRetry from 'p-retry';
import { type Case, operation } from '../case.ts';

export const noFailure: Case = {
  name: 'retry, no failure',
  bare: operation,
  most: { ratio: 2, bytes: 500 },
  variants() {
    const ours = retry({ attempts: 4 });
    const theirs = cockatiel.retry(cockatiel.handleAll, { maxAttempts: 3 });
    const effect = Effect.retry(Effect.tryPromise(operation), { times: 3 });
    const mollitia = new Circuit({ options: { modules: [new Retry({ attempts: 3 })] } }).fn(operation);
    return [
      { name: 'breakwater', call: () => ours.execute(operation) },
      { name: 'cockatiel', call: () => theirs.execute(operation) },
      { name: 'p-retry', call: () => pRetry(operation, { retries: 3 }) },
      { name: 'Effect', call: () => Effect.runPromise(effect) },
      { name: 'mollitia', call: () => mollitia.execute() },
    ];
  },
};

function everySecond(): () => Promise<number> {
  let calls = 0;
  return async () => {
    calls += 1;
    if (calls % 2 === 1) throw new Error('away');
    return 1;
  };
}

async function byHand(fn: () => Promise<number>): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fn();
    } catch (error) {
      if (attempt === 4) throw error;
    }
  }
}

const failsOnce = everySecond();

export const oneFailure: Case = {
  name: 'retry, one failure, no delay (to one by hand)',
  bare: () => byHand(failsOnce),
  most: { ratio: 2 },
  variants() {
    const ours = retry({ attempts: 4, backoff: constant(0) });
    const theirs = cockatiel.retry(cockatiel.handleAll, {
      maxAttempts: 3,
      backoff: new cockatiel.ConstantBackoff(0),
    });
    const [a, b, c] = [everySecond(), everySecond(), everySecond()];
    const effect = Effect.retry(Effect.tryPromise(everySecond()), { times: 3 });
    const retrying = new Retry({ attempts: 3, interval: 0 });
    const mollitia = new Circuit({ options: { modules: [retrying] } }).fn(everySecond());
    return [
      { name: 'breakwater', call: () => ours.execute(a) },
      { name: 'cockatiel', call: () => theirs.execute(b) },
      { name: 'p-retry', call: () => pRetry(c, { retries: 3, minTimeout: 0 }) },
      { name: 'Effect', call: () => Effect.runPromise(effect) },
      { name: 'mollitia', call: () => mollitia.execute() },
    ];
  },
};
