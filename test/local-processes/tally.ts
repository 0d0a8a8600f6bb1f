import { z } from 'zod';
import type { CollectionDefinition } from '../../src/store/index.ts';

const tally = z.strictObject({ total: z.number(), by: z.record(z.string(), z.number()) });
export type Tally = z.infer<typeof tally>;

/** How many times each process has added one, and all together. */
export const tallies: CollectionDefinition<Tally> = { name: 'tallies', version: 1, schema: tally };

/** What a process tells of each addition that the store has acknowledged. */
export interface Addition {
  readonly version: number;
  readonly time: number;
  readonly total: number;
  readonly mine: number;
}

/** The same for an object. */
export interface ObjectAddition {
  readonly generation: number;
  readonly total: number;
  readonly mine: number;
}
