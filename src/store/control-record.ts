import { z } from 'zod';
import type { CollectionDefinition, Entry } from './collection.ts';

/** What an operator has said of a processor, by its declared name. No record: it runs. */
export const controlRecord = z.strictObject({
  processor: z.string(),
  /**
   * Paused: its runs are parked, and none is started until it is resumed. Null once it was: a record that is deleted could be made
   * anew by a pause that arrives late.
   */
  paused: z.strictObject({ reason: z.string(), at: z.string() }).nullable(),
});

export type ControlRecord = z.infer<typeof controlRecord>;

export const controlRecords: CollectionDefinition<ControlRecord> = {
  name: 'controls',
  version: 1,
  schema: controlRecord,
};

/** Whether the processor is paused. One whose record can't be read is: a newer release may have paused it. */
export function isPause(entry: Entry<ControlRecord> | undefined): entry is Entry<ControlRecord> {
  return entry !== undefined && !(entry.readable && entry.value.paused === null);
}
