// A process that serves pushes until it is told to end. Told the folder, and whether its work heeds its signal.
import { createLocalContext } from '../../src/local/index.ts';
import { defineProcessor } from '../../src/processor/index.ts';
import { pushHandler, servePush } from '../../src/trigger/index.ts';
import { Summary } from '../runs/summary.ts';

const [dir = '', how] = process.argv.slice(2);

class Waiting extends Summary {
  static override readonly processor = defineProcessor({ ...Summary.processor });
  override upstream() {
    return [];
  }

  protected override extract(run: Parameters<Summary['extract']>[0]): Promise<never> {
    process.send?.({ told: 'at work', runId: run.id });
    return new Promise((_, reject) => {
      if (how === 'heeds') run.signal.addEventListener('abort', () => reject(run.signal.reason as Error));
    });
  }
}

const context = await createLocalContext({ dir });
const handler = pushHandler([Waiting], context, { ackDeadline: '600s', verify: async () => {} });
const server = await servePush(handler, { port: 0, host: '127.0.0.1', shutdownTime: 500 });
process.send?.({ told: 'port', port: server.port });
await server.closed;
await context.close();
process.send?.({ told: 'closed' });
process.disconnect();
