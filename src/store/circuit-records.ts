import { z } from 'zod';
import type { CircuitReading, CircuitRecord, CircuitStore, TripState } from '../circuit/index.ts';
import { StoreUnavailableError } from '../errors/index.ts';
import type { CollectionDefinition, Store } from './collection.ts';
import { retention } from './retention.ts';

/** A circuit with the ids of the last events that are in it, and until when its writes have used up what a record takes. */
export type StoredCircuit = CircuitRecord & Pick<CircuitReading, 'applied' | 'writesUntil'>;

const probes = z.array(
  z.strictObject({ id: z.number().int(), expires: z.number(), holder: z.string().optional() }),
);

const circuitRecord: z.ZodType<StoredCircuit> = z.strictObject({
  state: z.enum(['closed', 'open', 'half-open', 'isolated']),
  epoch: z.number().int().nonnegative(),
  trip: z.json() as z.ZodType<TripState>,
  counts: z.string().optional(),
  failures: z.number().int().nonnegative(),
  openedAt: z.number().nullable(),
  openUntil: z.number().nullable(),
  probes,
  lingering: probes.default([]),
  nextProbe: z.number().int().nonnegative(),
  successes: z.number().int().nonnegative(),
  growth: z.strictObject({ steps: z.number(), closedAt: z.number() }).optional(),
  applied: z.array(z.string()),
  writesUntil: z.number().optional(),
});

export const circuitRecords: CollectionDefinition<StoredCircuit> = {
  name: 'circuits',
  version: 1,
  schema: circuitRecord,
};

/** The store as shared circuits want it. */
export function circuitStore(store: Store): CircuitStore {
  const circuits = store.collection(circuitRecords);
  return {
    async read(key, call) {
      const { entry, time } = await circuits.get(key, call);
      if (entry?.readable === false) {
        throw new StoreUnavailableError(`Circuit ${key} can't be read (${entry.why}: ${entry.detail})`);
      }
      if (entry === undefined) return { record: undefined, applied: [], version: undefined, time };
      const { applied, writesUntil, ...record } = entry.value;
      return { record, applied, writesUntil, version: entry.version, time };
    },
    async write(key, { record, applied, writesUntil }, read, { signal }) {
      const expires = read.time + retention.circuits;
      const { ok } = await circuits.put(
        key,
        { ...record, applied, ...(writesUntil !== undefined && { writesUntil }) },
        { ifVersion: read.version, expires, signal },
      );
      return ok;
    },
  };
}
