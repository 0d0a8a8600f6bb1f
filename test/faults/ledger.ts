import {
  type Collection,
  type CollectionDefinition,
  type RunRecord,
  runRecords,
  type Store,
  type WorkRecord,
  workRecords,
} from '../../src/store/index.ts';

export interface Claimed {
  readonly key: string;
  readonly runId: string;
  readonly fence: number;
}

/** What has landed in a store: every claim, and every outcome that a run's record was given, in order. */
export class Ledger {
  readonly claims: Claimed[] = [];
  readonly outcomes = new Map<string, RunRecord['status'][]>();
  readonly #lastClaims = new Map<string, string>();

  /** The store, watched. */
  over(store: Store): Store {
    return {
      collection: <T>(definition: CollectionDefinition<T>): Collection<T> => {
        const records = store.collection(definition);
        return {
          get: (key, call) => records.get(key, call),
          list: (query) => records.list(query),
          delete: (key, options) => records.delete(key, options),
          put: async (key, value, options) => {
            const result = await records.put(key, value, options);
            if (!result.ok) return result;
            if (definition.name === runRecords.name) this.#noteRun(value as RunRecord);
            if (definition.name === workRecords.name) this.#noteWork(value as WorkRecord);
            return result;
          },
        };
      },
    };
  }

  #noteRun({ runId, status }: RunRecord): void {
    if (status !== 'running') this.outcomes.set(runId, [...(this.outcomes.get(runId) ?? []), status]);
  }

  #noteWork({ key, lease, fence }: WorkRecord): void {
    if (lease === null || this.#lastClaims.get(key) === lease.runId) return;
    this.#lastClaims.set(key, lease.runId);
    this.claims.push({ key, runId: lease.runId, fence });
  }
}
