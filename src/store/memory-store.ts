import type { Clock } from '../time/index.ts';
import type { Collection, CollectionDefinition, Entry, Store } from './collection.ts';

interface Kept {
  readonly json: string;
  readonly recordVersion: number;
  readonly version: string;
  readonly due: number | undefined;
  readonly expires: number;
}

/**
 * A store in this process's memory: for tests, simulations and processors that share nothing.
 *
 * Its time is the clock's monotonic one, counted on from the wall time at which it was made.
 */
export function memoryStore({ clock }: { readonly clock: Clock }): Store {
  const start = clock.wallNow() - clock.now();
  const time = () => start + clock.now();
  const collections = new Map<string, Map<string, Kept>>();
  let writes = 0;
  return {
    collection<T>(definition: CollectionDefinition<T>): Collection<T> {
      let kept = collections.get(definition.name);
      if (kept === undefined) {
        kept = new Map();
        collections.set(definition.name, kept);
      }
      return memoryCollection(definition, kept, time, () => String(++writes));
    },
  };
}

function memoryCollection<T>(
  definition: CollectionDefinition<T>,
  kept: Map<string, Kept>,
  time: () => number,
  nextVersion: () => string,
): Collection<T> {
  const present = (key: string): Kept | undefined => {
    const found = kept.get(key);
    if (found === undefined || found.expires > time()) return found;
    kept.delete(key);
    return undefined;
  };
  return {
    async get(key, call) {
      call?.signal?.throwIfAborted();
      const found = present(key);
      return { time: time(), entry: found && readEntry(definition, key, found) };
    },
    async put(key, value, options) {
      options.signal?.throwIfAborted();
      if (present(key)?.version !== options.ifVersion) return { ok: false, time: time() };
      const version = nextVersion();
      kept.set(key, {
        json: JSON.stringify(value),
        recordVersion: definition.version,
        version,
        due: options.due,
        expires: options.expires,
      });
      return { ok: true, version, time: time() };
    },
    async delete(key, options) {
      options.signal?.throwIfAborted();
      return present(key)?.version === options.ifVersion && kept.delete(key);
    },
    async list({ dueBefore, limit, after, signal }) {
      signal?.throwIfAborted();
      const found = [...kept.keys()]
        .flatMap((key) => {
          const item = present(key);
          return item === undefined || (dueBefore !== undefined && !((item.due ?? Infinity) <= dueBefore))
            ? []
            : [{ key, item }];
        })
        .sort((a, b) => compare(place(a.key, a.item), place(b.key, b.item)))
        .filter(({ key, item }) => after === undefined || compare(place(key, item), JSON.parse(after)) > 0);
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        time: time(),
        entries: page.map(({ key, item }) => readEntry(definition, key, item)),
        next:
          last !== undefined && found.length > limit ? JSON.stringify(place(last.key, last.item)) : undefined,
      };
    },
  };
}

type Place = readonly [due: number, key: string];

// Those without a due time come last; JSON has no Infinity.
function place(key: string, { due }: Kept): Place {
  return [due ?? Number.MAX_VALUE, key];
}

function compare([dueA, keyA]: Place, [dueB, keyB]: Place): number {
  return dueA - dueB || (keyA < keyB ? -1 : keyA > keyB ? 1 : 0);
}

function readEntry<T>(
  definition: CollectionDefinition<T>,
  key: string,
  { json, recordVersion, version, due, expires }: Kept,
): Entry<T> {
  const base = { key, version, due, expires };
  if (recordVersion !== definition.version) {
    return { ...base, readable: false, why: 'unknown_version', detail: `version ${recordVersion}` };
  }
  const parsed = definition.schema.safeParse(JSON.parse(json));
  if (parsed.success) return { ...base, readable: true, value: parsed.data };
  return {
    ...base,
    readable: false,
    why: 'corrupt',
    detail: parsed.error.issues[0]?.message ?? 'does not fit its schema',
  };
}
