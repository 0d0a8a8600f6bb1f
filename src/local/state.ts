import { ConfigurationError } from '../errors/index.ts';
import {
  type Collection,
  type CollectionDefinition,
  checkDefinition,
  checkKey,
  checkList,
  cursorOf,
  decodeRecord,
  encodeRecord,
  placeOf,
  type Store,
} from '../store/index.ts';
import { type Clock, realClock } from '../time/index.ts';
import { SharedDatabase } from './shared-database.ts';
import { Records, recordsSchema } from './state-records.ts';

export interface LocalStateOptions {
  /** The file; made with its folder if it is not there. On a disk of this machine, not on a network's. */
  readonly file: string;
  /**
   * What drives the store's time in a simulation. Default: the machine's monotonic clock, which is the one clock that several
   * processes can share a file by.
   */
  readonly clock?: Clock | undefined;
}

/** A store in one file. */
export interface LocalState extends Store, Disposable {
  readonly file: string;
  /** Lets go of the file. Calls after it are StoreUnavailableErrors. */
  close(): void;
}

/**
 * A store in one local file, which several processes of one machine share safely: every write is one transaction, on the
 * disk before it is answered, and a process that is killed leaves nothing half-written.
 *
 * @throws ConfigurationError when the file is something else, of a newer release, or can't be opened or written.
 * @throws StoreUnavailableError when it stays locked or is damaged.
 */
export function localState({ file, clock = realClock }: LocalStateOptions): LocalState {
  if (typeof file !== 'string' || file === '' || file.includes('\0')) {
    throw new ConfigurationError('file', "a file's path", file);
  }
  const shared = new SharedDatabase({
    file,
    what: 'a state file of breakwater',
    application: 0x62777374, // "bwst"
    version: 1,
    schema: recordsSchema,
  });
  try {
    const records = new Records(shared, clock);
    return {
      file,
      collection: (definition) => localCollection(definition, records),
      close: () => shared.close(),
      [Symbol.dispose]: () => shared.close(),
    };
  } catch (error) {
    shared.close();
    throw error;
  }
}

function localCollection<T>(definition: CollectionDefinition<T>, records: Records): Collection<T> {
  checkDefinition(definition);
  const { name } = definition;
  return {
    async get(key, call) {
      checkKey(key);
      const { time, found } = await records.get(name, key, call?.signal);
      return { time, entry: found && decodeRecord(definition, key, found) };
    },
    async put(key, value, { ifVersion, due, expires, signal }) {
      const json = encodeRecord(definition, key, value, { ifVersion, due, expires });
      const record = { json, recordVersion: definition.version, due, expires };
      return records.put(name, key, record, ifVersion, signal);
    },
    async delete(key, { ifVersion, signal }) {
      checkKey(key);
      return records.delete(name, key, ifVersion, signal);
    },
    async list(query) {
      const { time, found } = await records.list(name, checkList(query), query.signal);
      const page = found.slice(0, query.limit);
      const last = page.at(-1);
      return {
        time,
        entries: page.map(({ key, record }) => decodeRecord(definition, key, record)),
        next:
          last !== undefined && found.length > query.limit
            ? cursorOf(placeOf(last.key, last.record))
            : undefined,
      };
    },
  };
}
