import type { Clock } from '../time/index.ts';
import type { Collection, CollectionDefinition, Store } from './collection.ts';
import { ExpiringRecords } from './expiring-records.ts';
import {
  checkDefinition,
  checkKey,
  checkList,
  cursorOf,
  decodeRecord,
  encodeRecord,
  type Place,
  placeOf,
} from './stored-record.ts';

/**
 * A store in this process's memory: for tests, simulations and processors that share nothing.
 *
 * Its time is the clock's monotonic one, counted on from the wall time at which it was made.
 */
export function memoryStore({ clock }: { readonly clock: Clock }): Store {
  const start = clock.wallNow() - clock.now();
  const time = () => start + clock.now();
  const collections = new Map<string, ExpiringRecords>();
  let writes = 0;
  return {
    collection<T>(definition: CollectionDefinition<T>): Collection<T> {
      checkDefinition(definition);
      let records = collections.get(definition.name);
      if (records === undefined) {
        records = new ExpiringRecords(time);
        collections.set(definition.name, records);
      }
      return memoryCollection(definition, records, time, () => String(++writes));
    },
  };
}

function memoryCollection<T>(
  definition: CollectionDefinition<T>,
  records: ExpiringRecords,
  time: () => number,
  nextVersion: () => string,
): Collection<T> {
  return {
    async get(key, call) {
      checkKey(key);
      call?.signal?.throwIfAborted();
      const found = records.get(key);
      return { time: time(), entry: found && decodeRecord(definition, key, found) };
    },
    async put(key, value, options) {
      const json = encodeRecord(definition, key, value, options);
      options.signal?.throwIfAborted();
      if (records.get(key)?.version !== options.ifVersion) return { ok: false, time: time() };
      const version = nextVersion();
      const { due, expires } = options;
      records.set(key, { json, recordVersion: definition.version, version, due, expires });
      return { ok: true, version, time: time() };
    },
    async delete(key, options) {
      checkKey(key);
      options.signal?.throwIfAborted();
      const found = records.get(key);
      return found !== undefined && found.version === options.ifVersion && records.delete(key);
    },
    async list(query) {
      const { dueBefore = Infinity, limit, after } = checkList(query);
      query.signal?.throwIfAborted();
      const found = records
        .all()
        .map(([key, record]) => ({ place: placeOf(key, record), record }))
        .filter(({ record, place }) => {
          const due = record.due ?? Infinity;
          return due <= dueBefore && (after === undefined || compare(place, after) > 0);
        })
        .sort((a, b) => compare(a.place, b.place));
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        time: time(),
        entries: page.map(({ place: { key }, record }) => decodeRecord(definition, key, record)),
        next: last !== undefined && found.length > limit ? cursorOf(last.place) : undefined,
      };
    },
  };
}

function compare(a: Place, b: Place): number {
  return a.due - b.due || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}
