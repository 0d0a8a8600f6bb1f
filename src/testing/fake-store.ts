import { type Collection, type CollectionDefinition, memoryStore, type Store } from '../store/index.ts';
import type { Clock } from '../time/index.ts';
import { Outage } from './outage.ts';
import { keep } from './recording.ts';

export interface FakeStoreCall {
  readonly operation: 'get' | 'put' | 'delete' | 'list';
  readonly collection: string;
  /** Undefined for a list. */
  readonly key: string | undefined;
}

/** A store in memory that can be made to `fail()`, to `hang()` and to `recover()`. */
export class FakeStore extends Outage implements Store {
  /** The calls that were made, the oldest first; of more than 10,000 the newest. */
  readonly calls: FakeStoreCall[] = [];
  readonly #store: Store;

  constructor({ clock }: { readonly clock: Clock }) {
    super();
    this.#store = memoryStore({ clock });
  }

  collection<T>(definition: CollectionDefinition<T>): Collection<T> {
    const records = this.#store.collection(definition);
    const enter = (operation: FakeStoreCall['operation'], key: string | undefined, signal?: AbortSignal) => {
      keep(this.calls, { operation, collection: definition.name, key });
      return this.pass(signal);
    };
    return {
      async get(key, call) {
        await enter('get', key, call?.signal);
        return records.get(key, call);
      },
      async put(key, value, options) {
        await enter('put', key, options.signal);
        return records.put(key, value, options);
      },
      async delete(key, options) {
        await enter('delete', key, options.signal);
        return records.delete(key, options);
      },
      async list(query) {
        await enter('list', undefined, query.signal);
        return records.list(query);
      },
    };
  }
}
