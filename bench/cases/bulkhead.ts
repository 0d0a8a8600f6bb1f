import { bulkhead } from 'breakwater/policy';
import * as cockatiel from 'cockatiel';
import { type Case, operation } from '../case.ts';

export const withRoom: Case = {
  name: 'bulkhead with room',
  bare: operation,
  most: { ratio: 2 },
  variants() {
    const ours = bulkhead({ limit: 100 });
    const theirs = cockatiel.bulkhead(100);
    return [
      { name: 'breakwater', call: () => ours.execute(operation) },
      { name: 'cockatiel', call: () => theirs.execute(operation) },
    ];
  },
};
