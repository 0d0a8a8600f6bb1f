import { getEventListeners } from 'node:events';
import { expect } from 'vitest';
import { type RunRecord, runRecords, type WorkRecord, workRecords } from '../../src/store/index.ts';
import type { TestContext } from '../../src/testing/index.ts';

/** The run's record, as the store has it. */
export async function recordOf({ store }: TestContext, { runId }: { runId: string }): Promise<RunRecord> {
  const { entry } = await store.collection(runRecords).get(runId);
  if (!entry?.readable) throw new Error(`no record of run ${runId}`);
  return entry.value;
}

/** What the store knows of an output and date. */
export async function workOf({ store }: TestContext, key: string): Promise<WorkRecord> {
  const { entry } = await store.collection(workRecords).get(key);
  if (!entry?.readable) throw new Error(`no record of ${key}`);
  return entry.value;
}

/** A run that has settled holds nothing: no timer, and no listener on its caller's signal. */
export function expectNothingLeft({ clock }: TestContext, signal?: AbortSignal): void {
  expect(clock.pendingTimers).toBe(0);
  if (signal !== undefined) expect(getEventListeners(signal, 'abort')).toEqual([]);
}

export const never = (): Promise<never> => new Promise(() => {});

/** Calls `look` with whatever is added to a fake's list from now on; gives a function that ends it. */
export function watch<T>(list: T[], look: (item: T) => void): () => void {
  list.push = (...items) => {
    for (const item of items) look(item);
    return Array.prototype.push.apply(list, items);
  };
  return () => {
    list.push = Array.prototype.push;
  };
}
