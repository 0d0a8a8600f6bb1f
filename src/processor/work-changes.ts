import { PreconditionError, StoreUnavailableError } from '../errors/index.ts';
import {
  type Collection,
  type ParkedWork,
  type ReadableEntry,
  retention,
  type Store,
  type WorkRecord,
  workRecords,
} from '../store/index.ts';

/** A key's record with a run at work on it, alive or not. */
export type HeldWork = WorkRecord & { readonly lease: NonNullable<WorkRecord['lease']> };

export function isHeld(record: WorkRecord): record is HeldWork {
  return record.lease !== null;
}

/** So often a record is read anew, when somebody else was quicker to change it. */
export const mostTries = 20;

/**
 * Changes a key's record by compare-and-set, again and again until nobody comes between.
 *
 * @param change The record as it should be, or undefined to leave it as it is.
 * @returns Whether it was changed.
 * @throws StoreUnavailableError when the record keeps changing.
 */
export async function updateWork(
  store: Store,
  key: string,
  change: (record: WorkRecord, time: number) => WorkRecord | undefined,
  signal?: AbortSignal,
): Promise<boolean> {
  const work = store.collection(workRecords);
  for (let attempt = 0; attempt < mostTries; attempt++) {
    const { entry, time } = await work.get(key, { signal });
    const current = readable(key, entry)?.value;
    const next = current && change(current, time);
    if (next === undefined) return false;
    if (await write(work, entry, next, time, signal)) return true;
  }
  throw new StoreUnavailableError(
    `The record of ${key} changed ${mostTries} times while it was being changed`,
  );
}

/** Writes the record with the time at which somebody should look at it, and with its expiry. */
export async function write(
  work: Collection<WorkRecord>,
  entry: { readonly version: string } | undefined,
  record: WorkRecord,
  time: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const looks = [record.lease?.until, record.parked?.nextLook].filter((at) => at !== undefined);
  const result = await work.put(record.key, record, {
    ifVersion: entry?.version,
    due: looks.length === 0 ? undefined : Math.min(...looks),
    expires: retention.workExpires(record, time),
    signal,
  });
  return result.ok;
}

/** The entry if this release can read it. @throws PreconditionError if it can't: it is left for the code that can. */
export function readable<T>(
  key: string,
  entry: Awaited<ReturnType<Collection<T>['get']>>['entry'],
): ReadableEntry<T> | undefined {
  if (entry === undefined || entry.readable) return entry;
  throw new PreconditionError(
    `The record of ${key} can't be read (${entry.why}: ${entry.detail}); it is left as it is`,
  );
}

/** The last two looks at upstream, with one of this moment. */
export function lastLooks(parked: ParkedWork | null, time: number): number[] {
  return [...(parked?.looks ?? []), time].slice(-2);
}

const mostMissing = 200;
const longestLine = 1_000;

/** What is missing, as a record with a bound in size can hold it. */
export function shortened(missing: readonly string[]): string[] {
  return missing.slice(0, mostMissing).map((line) => line.slice(0, longestLine));
}
