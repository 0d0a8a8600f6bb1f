// A run that is not to be stopped: it ignores its signal, or never yields to the event loop. Told the folder, and which.
import { createLocalContext } from '../../src/local/index.ts';
import { defineProcessor } from '../../src/processor/index.ts';
import { range, Summary } from '../runs/summary.ts';

const [dir = '', how] = process.argv.slice(2);

class Stubborn extends Summary {
  static override readonly processor = defineProcessor({ ...Summary.processor, timeout: '500ms' });
  override upstream() {
    return [];
  }
}

const context = await createLocalContext({ dir, watchdog: true, config: { processor: { grace: '300ms' } } });
const [result] = await new Stubborn(context, {
  async extract() {
    // Its first sign of life is to be found by those who come after it.
    while (context.heartbeats.statistics().delivered.file === 0) await new Promise(setImmediate);
    if (how === 'blocks') for (;;);
    return new Promise<never>(() => {});
  },
}).run(range);
await context.close();
process.send?.(result);
process.disconnect();
