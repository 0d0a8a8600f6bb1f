import { bigqueryWritesContract } from '../../test/contracts/bigquery-contract.ts';
import { FakeBigQuery } from './fake-big-query.ts';
import { VirtualClock } from './virtual-clock.ts';

bigqueryWritesContract('the fake warehouse', () => {
  const clock = new VirtualClock();
  const client = new FakeBigQuery({ clock });
  let count = 0;
  return {
    client,
    other: client,
    clock,
    newTable: async () => `test.games_${++count}`,
    rowsOf: async (table) => client.rowsOf(table),
  };
});
