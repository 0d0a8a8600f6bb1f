import { bigqueryContract } from '../../../test/contracts/bigquery-contract.ts';
import { startBigQueryServer } from '../../../test/emulators/bigquery/server.ts';
import { VirtualClock } from '../../testing/index.ts';
import { googleBigQuery } from './google-bigquery.ts';

bigqueryContract('BigQuery', async () => {
  const server = await startBigQueryServer();
  const clock = new VirtualClock();
  const options = {
    project: 'project',
    location: 'US',
    endpoint: `http://127.0.0.1:${server.port}`,
    clock,
    random: () => 0,
  };
  const [client, other] = [googleBigQuery(options), googleBigQuery(options)];
  return {
    client,
    other,
    clock,
    async close() {
      await client.close();
      await other.close();
      await server.close();
    },
  };
});
