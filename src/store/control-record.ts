import { z } from 'zod';
import type { CollectionDefinition } from './collection.ts';

/** What an operator has said of a processor, by its declared name. No record: it runs. */
export const controlRecord = z.strictObject({
  processor: z.string(),
  /** Paused: its runs are parked, and none is started until it is resumed. */
  paused: z.strictObject({ reason: z.string(), at: z.string() }),
});

export type ControlRecord = z.infer<typeof controlRecord>;

export const controlRecords: CollectionDefinition<ControlRecord> = {
  name: 'controls',
  version: 1,
  schema: controlRecord,
};
