import { timeout } from 'breakwater/policy';
import * as cockatiel from 'cockatiel';
import { Effect } from 'effect';
import { Circuit, Timeout } from 'mollitia';
import Opossum from 'opossum';
import pTimeout from 'p-timeout';
import { type Case, operation } from '../case.ts';

export const unread: Case = {
  name: 'time-out, signal not read',
  bare: operation,
  most: { ratio: 4, bytes: 700 },
  variants() {
    const ours = timeout({ after: '10s' });
    const theirs = cockatiel.timeout(10_000, cockatiel.TimeoutStrategy.Aggressive);
    const opossum = new Opossum(operation, { timeout: 10_000 });
    const effect = Effect.timeout(Effect.tryPromise(operation), 10_000);
    const mollitia = new Circuit({ options: { modules: [new Timeout({ delay: 10_000 })] } }).fn(operation);
    return [
      { name: 'breakwater', call: () => ours.execute(operation) },
      { name: 'cockatiel', call: () => theirs.execute(operation) },
      { name: 'opossum', call: () => opossum.fire(), end: () => opossum.shutdown() },
      { name: 'p-timeout', call: () => pTimeout(operation(), { milliseconds: 10_000 }) },
      { name: 'Effect', call: () => Effect.runPromise(effect) },
      { name: 'mollitia', call: () => mollitia.execute() },
    ];
  },
};
