// A run that holds its claim until it is told to go on: killed meanwhile, or stopped and woken as a zombie. Told where the services are.
import { createGoogleContext } from '../../../src/google/index.ts';
import { range, Summary } from '../../runs/summary.ts';

const [project = '', bigquery, storage, logging, firestore] = process.argv.slice(2);

class Crashing extends Summary {
  override upstream() {
    return [];
  }
}

const context = createGoogleContext({
  project,
  location: 'US',
  env: {},
  endpoints: { bigquery, storage, logging, firestore },
  timeouts: { store: '30s', sink: '10s' },
});
const [result] = await new Crashing(context, {
  async transform(rows) {
    process.send?.('transforming');
    await new Promise((resolve) => process.once('message', resolve));
    return rows.map((row) => ({ ...row, points: -1 }));
  },
}).run(range);
process.send?.({ status: result.status, reason: result.reason });
await context.close();
process.disconnect();
