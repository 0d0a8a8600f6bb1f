import { z } from 'zod';
import type { CollectionDefinition } from '../../../src/store/index.ts';

const output = z.strictObject({ runId: z.string(), fence: z.number() });

/** Who wrote an output last. */
export const outputs: CollectionDefinition<z.infer<typeof output>> = {
  name: 'outputs',
  version: 1,
  schema: output,
};
