import { bulkhead } from 'breakwater/policy';
import * as cockatiel from 'cockatiel';
import { Effect, Semaphore } from 'effect';
import { Bulkhead, Circuit } from 'mollitia';
import Opossum from 'opossum';
import { type Case, operation } from '../case.ts';

export const withRoom: Case = {
  name: 'bulkhead with room',
  bare: operation,
  most: { ratio: 2 },
  variants() {
    const ours = bulkhead({ limit: 100 });
    const theirs = cockatiel.bulkhead(100);
    const opossum = new Opossum(operation, { timeout: false, capacity: 100 });
    const effect = Semaphore.makeUnsafe(100).withPermits(1)(Effect.tryPromise(operation));
    const mollitia = new Circuit({ options: { modules: [new Bulkhead({ concurrentSize: 100 })] } }).fn(
      operation,
    );
    return [
      { name: 'breakwater', call: () => ours.execute(operation) },
      { name: 'cockatiel', call: () => theirs.execute(operation) },
      { name: 'opossum', call: () => opossum.fire(), end: () => opossum.shutdown() },
      { name: 'Effect', call: () => Effect.runPromise(effect) },
      { name: 'mollitia', call: () => mollitia.execute() },
    ];
  },
};
