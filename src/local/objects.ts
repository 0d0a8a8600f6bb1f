import { join, resolve } from 'node:path';
import {
  boundedCall,
  boundedItems,
  bytesInMemory,
  type CallBounds,
  type CallOptions,
  checkGeneration,
  checkListLimit,
  checkMaxBytes,
  checkObjectPath,
  checkObjectPrefix,
  checkReadable,
  type DeleteOptions,
  isStream,
  type ListOptions,
  type ObjectSource,
  type ObjectStream,
  type SaveOptions,
  type StorageClient,
  type StoredObject,
  streamedBytes,
} from '../clients/index.ts';
import { ConfigurationError, PreconditionError } from '../errors/index.ts';
import { type Clock, milliseconds, realClock } from '../time/index.ts';
import {
  type FileFound,
  putInPlace,
  readObjectFile,
  removeFile,
  replaceFile,
  statObjectFile,
} from './object-files.ts';
import { ObjectIndex, objectIndexSchema } from './object-index.ts';
import { IncomingFiles, readChunks } from './object-streams.ts';
import { pathsFrom } from './object-walk.ts';
import { SharedDatabase } from './shared-database.ts';

export interface LocalObjectsOptions {
  /** The folder that holds the objects, each as the file of its path; made if it is not there. On a disk of this machine. */
  readonly dir: string;
  /** Where `updated` comes from. Default: the machine's clock. */
  readonly clock?: Clock | undefined;
}

/** Objects as files in a folder. */
export interface LocalObjects extends StorageClient, Disposable {
  readonly dir: string;
  /** Lets go of the folder's index. Calls after it are StoreUnavailableErrors. */
  close(): void;
}

const usualTimeout = 60_000;

// Beside the objects; a path of an object can't start with it.
const ours = '.breakwater';

/**
 * A StorageClient on files in a folder, which several processes of one machine share safely.
 *
 * The files are the objects. An index beside them (SQLite, in `.breakwater/`) knows each file's generation, and its lock is
 * what makes compare-and-set safe: a writer holds it from its check until its file is in place, and loses it with its life.
 * A file is written aside, brought to the disk and renamed, so that a reader finds the old one or the new one, whole. A file
 * that is not as the index knows it (a writer died between file and index, or somebody put it there by hand) gets a new
 * generation when it is next looked at.
 *
 * Calls work synchronously, for as long as the disk takes; `timeout` bounds streams alone.
 * Unlike in a cloud's bucket, `a` and `a/b` can't both be objects.
 *
 * @throws ConfigurationError when the folder can't be made or written, or is not one of ours.
 */
export function localObjects({ dir, clock = realClock }: LocalObjectsOptions): LocalObjects {
  if (typeof dir !== 'string' || dir === '' || dir.includes('\0')) {
    throw new ConfigurationError('dir', "a folder's path", dir);
  }
  const root = resolve(dir);
  const shared = new SharedDatabase({
    file: join(root, ours, 'objects.sqlite'),
    what: 'an index of objects of breakwater',
    application: 0x62776f62, // "bwob"
    version: 1,
    schema: objectIndexSchema,
  });
  try {
    const index = new ObjectIndex(shared, clock);
    index.forgetMissing((path) => statObjectFile(fileOf(root, path)) !== undefined);
    return new FolderObjects(root, shared, index, clock);
  } catch (error) {
    shared.close();
    throw error;
  }
}

class FolderObjects implements LocalObjects {
  readonly dir: string;
  readonly #shared: SharedDatabase;
  readonly #index: ObjectIndex;
  readonly #clock: Clock;
  readonly #incoming: IncomingFiles;

  constructor(root: string, shared: SharedDatabase, index: ObjectIndex, clock: Clock) {
    this.dir = root;
    this.#shared = shared;
    this.#index = index;
    this.#clock = clock;
    this.#incoming = new IncomingFiles(join(root, ours));
  }

  async save(path: string, data: ObjectSource, options: SaveOptions = {}): Promise<StoredObject> {
    const file = this.#fileOf(path);
    const { ifGeneration, maxBytes, signal } = options;
    checkGeneration(ifGeneration);
    checkMaxBytes(maxBytes);
    const put = (within: AbortSignal | undefined, place: () => FileFound) =>
      this.#shared.write(within, () => {
        this.#expect(path, file, ifGeneration);
        return this.#index.enter(path, place());
      });
    if (!isStream(data)) {
      const bytes = bytesInMemory(path, data);
      return put(signal, () => replaceFile(this.dir, file, join(this.dir, ours, 'incoming'), bytes));
    }
    return boundedCall(this.#bounds(`Save of object ${path}`, options), async (signal) => {
      // Not after all has been read.
      await this.#shared.write(signal, () => this.#expect(path, file, ifGeneration));
      return this.#incoming.of(streamedBytes(data, { path, maxBytes, signal }), (aside) =>
        put(signal, () => putInPlace(this.dir, file, aside)),
      );
    });
  }

  async read(
    path: string,
    { signal }: CallOptions = {},
  ): Promise<{ readonly object: StoredObject; readonly data: Uint8Array } | undefined> {
    const file = this.#fileOf(path);
    const known = await this.#look(path, signal, () =>
      readObjectFile(file, (size) => checkReadable(path, size)),
    );
    return known && { object: known.object, data: known.found.data };
  }

  async readStream(path: string, options: CallOptions = {}): Promise<ObjectStream | undefined> {
    const file = this.#fileOf(path);
    const bounds = this.#bounds(`Read of object ${path}`, options);
    const known = await this.#look(path, options.signal, () => statObjectFile(file));
    if (known === undefined) return undefined;
    const { object, found } = known;
    return { object, data: boundedItems(bounds, () => readChunks(file, { path, found })) };
  }

  async #look<F extends FileFound>(
    path: string,
    signal: AbortSignal | undefined,
    find: () => F | undefined,
  ): Promise<{ readonly object: StoredObject; readonly found: F } | undefined> {
    const look = (objectOf: (found: FileFound) => StoredObject | undefined) => {
      const found = find();
      if (found === undefined) return 'none';
      const object = objectOf(found);
      return object && { object, found };
    };
    const known = await this.#shared.read(signal, () => look((found) => this.#index.known(path, found)));
    // Not as the index knows it: a writer may be between file and index, so look again as the only one.
    const sure =
      known ??
      (await this.#shared.write(signal, () => look((found) => this.#index.knownOrEntered(path, found))));
    return sure === 'none' ? undefined : sure;
  }

  #bounds(what: string, { signal, timeout = usualTimeout }: CallOptions): CallBounds {
    return { clock: this.#clock, after: milliseconds('timeout', timeout), signal, what };
  }

  async list(prefix: string, options: ListOptions = {}): Promise<readonly StoredObject[]> {
    checkObjectPrefix(prefix);
    const { after, limit = 1_000, signal } = options;
    checkListLimit(limit);
    const look = (objectOf: (path: string, found: FileFound) => StoredObject | undefined) => {
      const objects: StoredObject[] = [];
      for (const path of pathsFrom(this.dir, prefix, after)) {
        if (path.startsWith(`${ours}/`)) continue;
        const found = statObjectFile(fileOf(this.dir, path));
        if (found === undefined) continue;
        const object = objectOf(path, found);
        if (object === undefined) return undefined;
        objects.push(object);
        if (objects.length === limit) break;
      }
      return objects;
    };
    return (
      (await this.#shared.read(signal, () => look((path, found) => this.#index.known(path, found)))) ??
      (await this.#shared.write(signal, () =>
        look((path, found) => this.#index.knownOrEntered(path, found)),
      )) ??
      []
    );
  }

  async delete(path: string, { ifGeneration, signal }: DeleteOptions = {}): Promise<boolean> {
    const file = this.#fileOf(path);
    checkGeneration(ifGeneration);
    return this.#shared.write(signal, () => {
      if (statObjectFile(file) === undefined) return false;
      this.#expect(path, file, ifGeneration);
      removeFile(this.dir, file);
      this.#index.forget(path);
      return true;
    });
  }

  close(): void {
    this.#shared.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #fileOf(path: string): string {
    checkObjectPath(path);
    if (path === ours || path.startsWith(`${ours}/`)) {
      throw new ConfigurationError('path', `outside of ${ours}/, which is the index's`, path);
    }
    return fileOf(this.dir, path);
  }

  #expect(path: string, file: string, ifGeneration: number | undefined): void {
    if (ifGeneration === undefined) return;
    const found = statObjectFile(file);
    const generation = found === undefined ? 0 : this.#index.knownOrEntered(path, found).generation;
    if (generation === ifGeneration) return;
    throw new PreconditionError(
      generation === 0
        ? `There is no object ${path}, expected generation ${ifGeneration}`
        : `Object ${path} has generation ${generation}, expected ${ifGeneration === 0 ? 'none' : ifGeneration}`,
    );
  }
}

function fileOf(root: string, path: string): string {
  return join(root, ...path.split('/'));
}
