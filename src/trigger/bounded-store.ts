import { boundedCall } from '../clients/index.ts';
import type { Context } from '../context/index.ts';
import type { Collection, CollectionDefinition, Store } from '../store/index.ts';
import type { Clock } from '../time/index.ts';

const longestCall = 10_000;
const made = new WeakMap<Store, Store>();

/**
 * The context with a store whose calls each end within ten seconds, answered or not: a sweep that waits for one call for ever
 * would keep every later sweep of its process from beginning.
 */
export function withBoundedStore<C extends Context>(context: C): C {
  return { ...context, store: boundedStore(context) };
}

/** Of one store there is one: what is kept for a store (its circuits) is kept once. */
function boundedStore({ store, clock }: Context): Store {
  const known = made.get(store);
  if (known !== undefined) return known;
  const bounded: Store = {
    collection: (definition) => boundedCollection(definition, store.collection(definition), clock),
  };
  made.set(store, bounded);
  made.set(bounded, bounded);
  return bounded;
}

function boundedCollection<T>(
  { name }: CollectionDefinition<T>,
  records: Collection<T>,
  clock: Clock,
): Collection<T> {
  const within = <R>(
    what: string,
    caller: AbortSignal | undefined,
    call: (signal: AbortSignal) => Promise<R>,
  ): Promise<R> => boundedCall({ clock, after: longestCall, signal: caller, what: `${what} ${name}` }, call);
  return {
    get: (key, call) => within('A read of', call?.signal, (signal) => records.get(key, { signal })),
    put: (key, value, options) =>
      within('A write of', options.signal, (signal) => records.put(key, value, { ...options, signal })),
    delete: (key, options) =>
      within('A delete of', options.signal, (signal) => records.delete(key, { ...options, signal })),
    list: (query) => within('A list of', query.signal, (signal) => records.list({ ...query, signal })),
  };
}
