import { z } from 'zod';
import type { CollectionDefinition } from './collection.ts';

/** Milliseconds of the store's clock. */
const storeTime = z.number();

/**
 * All that must be known of one output and date: who is at work on it, what is parked, what was done last. One record, so
 * that parked → claimed is one compare-and-set.
 */
export const workRecord = z.strictObject({
  key: z.string(),
  processor: z.string(),
  sport: z.string(),
  date: z.string(),
  options: z.record(z.string(), z.json()),
  /** The highest fencing token ever handed out for the key. */
  fence: z.number().int().nonnegative(),
  /** The run at work; one whose `until` is over is dead or has let go. */
  lease: z
    .strictObject({
      runId: z.string(),
      holder: z.string(),
      until: storeTime,
      /** A trigger came meanwhile: look once more when this run has ended. */
      again: z.boolean(),
      /** An operator wants the run to stop. */
      cancel: z.boolean(),
      startedAt: z.string(),
      attempt: z.number().int().positive(),
    })
    .nullable(),
  /** Work that waits: for its upstream, or for its time. */
  parked: z
    .strictObject({
      since: storeTime,
      reason: z.string(),
      missing: z.array(z.string()),
      attempts: z.number().int().nonnegative(),
      /** When somebody should look at it next. All processes keep to it, and so ask upstream no more often than said. */
      nextLook: storeTime,
      giveUpAt: storeTime,
      /**
       * `upstream`: started when its checks are ready. `time`: started at `nextLook`. `circuit`: started at `startAt`, or as soon as
       * its checks turn from not ready to ready.
       */
      wake: z.enum(['upstream', 'time', 'circuit']),
      startAt: storeTime.nullable(),
      /** Upstream was seen not ready while the circuit was open. */
      wasNotReady: z.boolean(),
      /** A table that it reads has had new rows since the last look. */
      updated: z.boolean(),
      /** The last two looks at upstream. */
      looks: z.array(storeTime).max(2),
      detail: z.string().nullable(),
    })
    .nullable(),
  done: z
    .strictObject({ runId: z.string(), at: z.string(), fingerprint: z.string(), rows: z.number().int() })
    .nullable(),
  gaveUp: z.strictObject({ at: z.string(), reason: z.string() }).nullable(),
  /** The last messages that a run was claimed or told to go again for: one that is delivered again changes nothing. */
  causes: z.array(z.string()).max(20),
});

export type WorkRecord = z.infer<typeof workRecord>;
export type ParkedWork = NonNullable<WorkRecord['parked']>;

export const workRecords: CollectionDefinition<WorkRecord> = { name: 'work', version: 1, schema: workRecord };
