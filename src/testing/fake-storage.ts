import {
  boundedCall,
  boundedItems,
  bytesInMemory,
  type CallOptions,
  checkGeneration,
  checkListLimit,
  checkMaxBytes,
  checkObjectPath,
  checkObjectPrefix,
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
import { PreconditionError } from '../errors/index.ts';
import { type Clock, milliseconds } from '../time/index.ts';
import { Outage } from './outage.ts';
import { keep } from './recording.ts';

export interface FakeStorageCall {
  readonly operation: 'save' | 'read' | 'readStream' | 'list' | 'delete';
  /** The prefix, for a list. */
  readonly path: string;
}

const chunkSize = 2 ** 16;

interface FakeObject {
  readonly object: StoredObject;
  readonly data: Uint8Array;
}

/** A bucket in memory that can be made to `fail()`, to `hang()` and to `recover()`. */
export class FakeStorage extends Outage implements StorageClient {
  /** The calls that were made, the oldest first; of more than 10,000 the newest. */
  readonly calls: FakeStorageCall[] = [];
  readonly #clock: Clock;
  readonly #objects = new Map<string, FakeObject>();
  #generation = 0;

  constructor({ clock }: { readonly clock: Clock }) {
    super();
    this.#clock = clock;
  }

  /** An object's text, or undefined if there is none: for a test to look at, whatever the switch says. */
  textOf(path: string): string | undefined {
    const found = this.#objects.get(path);
    return found && new TextDecoder().decode(found.data);
  }

  async save(path: string, data: ObjectSource, options: SaveOptions = {}): Promise<StoredObject> {
    const { maxBytes } = options;
    checkObjectPath(path);
    checkGeneration(options.ifGeneration);
    checkMaxBytes(maxBytes);
    const inMemory = isStream(data) ? undefined : bytesInMemory(path, data);
    return this.#call('save', path, options, async (signal) => {
      const chunks: Uint8Array[] = [];
      if (isStream(data))
        for await (const chunk of streamedBytes(data, { path, maxBytes, signal }))
          chunks.push(Uint8Array.from(chunk));
      signal.throwIfAborted();
      const bytes = new Uint8Array(inMemory ?? Buffer.concat(chunks));
      this.#expect(path, options.ifGeneration, this.#objects.get(path)?.object.generation ?? 0);
      const updated = new Date(this.#clock.wallNow()).toISOString();
      const object = { path, generation: ++this.#generation, size: bytes.length, updated };
      this.#objects.set(path, { object, data: bytes });
      return { ...object };
    });
  }

  async read(path: string, options: CallOptions = {}): Promise<FakeObject | undefined> {
    checkObjectPath(path);
    return this.#call('read', path, options, async () => {
      const found = this.#objects.get(path);
      return found && { object: { ...found.object }, data: found.data.slice() };
    });
  }

  async readStream(path: string, options: CallOptions = {}): Promise<ObjectStream | undefined> {
    checkObjectPath(path);
    const { signal, timeout = '60s' } = options;
    const found = await this.#call('readStream', path, options, async () => this.#objects.get(path));
    if (found === undefined) return undefined;
    const after = milliseconds('timeout', timeout);
    const bounds = { clock: this.#clock, after, signal, what: `readStream ${path} in the fake storage` };
    return {
      object: { ...found.object },
      data: boundedItems(bounds, (signal) => this.#chunksOf(found.data, signal)),
    };
  }

  async *#chunksOf(data: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    for (let start = 0; start < data.length; start += chunkSize) {
      await this.pass(signal);
      yield data.slice(start, start + chunkSize);
    }
  }

  async list(prefix: string, options: ListOptions = {}): Promise<readonly StoredObject[]> {
    const { after = '', limit = 1_000 } = options;
    checkObjectPrefix(prefix);
    checkListLimit(limit);
    return this.#call('list', prefix, options, async () =>
      [...this.#objects.values()]
        .map(({ object }) => ({ ...object }))
        .filter(({ path }) => path.startsWith(prefix) && path > after)
        .sort((a, b) => (a.path < b.path ? -1 : 1))
        .slice(0, limit),
    );
  }

  async delete(path: string, options: DeleteOptions = {}): Promise<boolean> {
    checkObjectPath(path);
    checkGeneration(options.ifGeneration);
    return this.#call('delete', path, options, async () => {
      const found = this.#objects.get(path);
      if (found === undefined) return false;
      this.#expect(path, options.ifGeneration, found.object.generation);
      return this.#objects.delete(path);
    });
  }

  #call<T>(
    operation: FakeStorageCall['operation'],
    path: string,
    { signal, timeout = '60s' }: CallOptions,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    keep(this.calls, { operation, path });
    const after = milliseconds('timeout', timeout);
    const what = `${operation} ${path} in the fake storage`;
    return boundedCall({ clock: this.#clock, after, signal, what }, async (signal) => {
      await this.pass(signal);
      return work(signal);
    });
  }

  #expect(path: string, wanted: number | undefined, found: number): void {
    if (wanted !== undefined && wanted !== found)
      throw new PreconditionError(`${path} is of generation ${found}, not ${wanted}`);
  }
}
