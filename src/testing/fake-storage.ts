import {
  boundedCall,
  type CallOptions,
  checkGeneration,
  checkListLimit,
  checkObjectPath,
  checkObjectPrefix,
  type DeleteOptions,
  type ListOptions,
  type SaveOptions,
  type StorageClient,
  type StoredObject,
} from '../clients/index.ts';
import { PreconditionError } from '../errors/index.ts';
import { type Clock, milliseconds } from '../time/index.ts';
import { Outage } from './outage.ts';
import { keep } from './recording.ts';

export interface FakeStorageCall {
  readonly operation: 'save' | 'read' | 'list' | 'delete';
  /** The prefix, for a list. */
  readonly path: string;
}

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

  async save(path: string, data: string | Uint8Array, options: SaveOptions = {}): Promise<StoredObject> {
    checkObjectPath(path);
    checkGeneration(options.ifGeneration);
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data.slice();
    return this.#call('save', path, options, () => {
      this.#expect(path, options.ifGeneration, this.#objects.get(path)?.object.generation ?? 0);
      const updated = new Date(this.#clock.wallNow()).toISOString();
      const object = { path, generation: ++this.#generation, size: bytes.length, updated };
      this.#objects.set(path, { object, data: bytes });
      return { ...object };
    });
  }

  async read(path: string, options: CallOptions = {}): Promise<FakeObject | undefined> {
    checkObjectPath(path);
    return this.#call('read', path, options, () => {
      const found = this.#objects.get(path);
      return found && { object: { ...found.object }, data: found.data.slice() };
    });
  }

  async list(prefix: string, options: ListOptions = {}): Promise<readonly StoredObject[]> {
    const { after = '', limit = 1_000 } = options;
    checkObjectPrefix(prefix);
    checkListLimit(limit);
    return this.#call('list', prefix, options, () =>
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
    return this.#call('delete', path, options, () => {
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
    work: () => T,
  ): Promise<T> {
    keep(this.calls, { operation, path });
    const after = milliseconds('timeout', timeout);
    const what = `${operation} ${path} in the fake storage`;
    return boundedCall({ clock: this.#clock, after, signal, what }, async (signal) => {
      await this.pass(signal);
      return work();
    });
  }

  #expect(path: string, wanted: number | undefined, found: number): void {
    if (wanted !== undefined && wanted !== found)
      throw new PreconditionError(`${path} is of generation ${found}, not ${wanted}`);
  }
}
