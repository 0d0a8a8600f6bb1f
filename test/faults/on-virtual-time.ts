import type { Collection, CollectionDefinition, Store } from '../../src/store/index.ts';
import type { VirtualClock } from '../../src/testing/index.ts';

/**
 * A store of real time in a simulation: its time runs on with the clock's, which stands still during its calls. What it keeps
 * does not expire in a simulated night, as its own clock knows nothing of it.
 */
export function onVirtualTime(store: Store, clock: VirtualClock): Store {
  const later = <T extends { readonly time: number }>(answer: T): T => ({
    ...answer,
    time: answer.time + clock.now(),
  });
  return {
    collection: <T>(definition: CollectionDefinition<T>): Collection<T> => {
      const records = store.collection(definition);
      return {
        get: async (key, call) => later(await clock.hold(records.get(key, call))),
        put: async (key, value, options) => later(await clock.hold(records.put(key, value, options))),
        delete: (key, options) => clock.hold(records.delete(key, options)),
        list: async (query) => later(await clock.hold(records.list(query))),
      };
    },
  };
}
