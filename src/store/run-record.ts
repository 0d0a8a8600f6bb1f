import { z } from 'zod';
import type { CollectionDefinition } from './collection.ts';

/** One run: written when it starts, updated in place when it ends. */
export const runRecord = z.strictObject({
  runId: z.string(),
  key: z.string(),
  processor: z.string(),
  sport: z.string(),
  date: z.string(),
  status: z.enum(['running', 'succeeded', 'skipped', 'failed', 'timed_out', 'cancelled']),
  reason: z.string().nullable(),
  missing: z.array(z.string()),
  attempt: z.number().int().positive(),
  fence: z.number().int().nonnegative(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  durationMs: z.number().nullable(),
  rows: z.number().int().nullable(),
  steps: z.array(
    z.strictObject({
      name: z.string(),
      durationMs: z.number(),
      outcome: z.enum(['done', 'failed', 'abandoned']),
    }),
  ),
  error: z.strictObject({ name: z.string(), message: z.string(), kind: z.string().nullable() }).nullable(),
  host: z.string(),
  version: z.string(),
  /** Of a run that succeeded: what its success was made of. */
  fingerprint: z.string().nullable().default(null),
  /** What asked for the run. */
  trigger: z.string(),
});

export type RunRecord = z.infer<typeof runRecord>;

export const runRecords: CollectionDefinition<RunRecord> = { name: 'runs', version: 1, schema: runRecord };
