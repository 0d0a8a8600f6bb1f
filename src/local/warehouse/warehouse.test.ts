import { bigqueryContract } from '../../../test/contracts/bigquery-contract.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { openWarehouse } from './warehouse.ts';

bigqueryContract('the embedded warehouse', async () => {
  const clock = new VirtualClock();
  const client = await openWarehouse({ file: ':memory:', clock });
  return { client, other: client, clock, close: () => client.close() };
});
