// A run that never yields to the event loop. Told where the services are.
import { createGoogleContext } from '../../../src/google/index.ts';
import { defineProcessor } from '../../../src/processor/index.ts';
import { range, Summary } from '../../runs/summary.ts';

const [project = '', bigquery, storage, logging, firestore] = process.argv.slice(2);

class Blocking extends Summary {
  static override readonly processor = defineProcessor({ ...Summary.processor, timeout: '10s' });
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
  config: { processor: { grace: '300ms' } },
  watchdog: true,
});
await new Blocking(context, {
  async extract() {
    // Its first sign of life is to be found by those who come after it.
    while (context.heartbeats.statistics().delivered.firestore === 0) await new Promise(setImmediate);
    for (;;);
  },
}).run(range);
