import { createHash } from 'node:crypto';
import type { StorageClient, StoredObject } from '../../clients/index.ts';
import { PreconditionError } from '../../errors/index.ts';
import { type Beat, type HeartbeatSink, parseBeat, type SinkRead } from '../../heartbeat/index.ts';
import type { Clock } from '../../time/index.ts';

export interface HeartbeatObjectSinkOptions {
  /** One without a circuit, `circuit: { failures: Infinity }`: the chain has one around each sink. */
  readonly storage: StorageClient;
  readonly clock: Clock;
  /** The folder of the beats, theirs alone. Default: `breakwater/heartbeats`. */
  readonly folder?: string | undefined;
}

const pageSize = 1_000;
/** Objects read at the same time. */
const atOnce = 8;
/** Expired objects that one read deletes at most, all at the same time; they come one a run. */
const mostDeleted = 50;
/** In milliseconds: less than a reader has, who must not miss what it came for. */
const longestDeletion = 2_000;
// As long as a beat may live.
const longestLife = 24 * 3_600_000;

/**
 * Heartbeats as objects, one a run, for when both Firestore and Cloud Logging are away.
 *
 * Each write replaces only the generation it has read, so that a late one meets a precondition and changes nothing. Cloud Storage
 * takes one write a second of an object: give it a client that sends a refused one again.
 */
export function heartbeatObjectSink(options: HeartbeatObjectSinkOptions): HeartbeatSink {
  const { storage, clock, folder = 'breakwater/heartbeats' } = options;
  const reader = new BeatObjects(storage, clock, folder);
  return {
    name: 'cloud_storage',
    async write(beat, { signal }) {
      signal.throwIfAborted();
      const path = pathOf(folder, beat.runId);
      while (true) {
        const found = await storage.read(path, { signal });
        if (found !== undefined && sequenceOf(found.data) >= beat.sequence) return;
        // Deleted, as it has expired, or never there: a beat that has expired itself must not bring the run back.
        if (found === undefined && Date.parse(beat.expires) <= clock.wallNow()) return;
        try {
          const ifGeneration = found?.object.generation ?? 0;
          const contentType = 'application/json';
          await storage.save(path, JSON.stringify(beat), { ifGeneration, contentType, signal });
          return;
        } catch (error) {
          if (!(error instanceof PreconditionError)) throw error;
        }
      }
    },
    read: (call) => reader.read(call),
  };
}

/** The beats in the folder; an object that is as it was last time is not read again, whatever became of the read that read it. */
class BeatObjects {
  readonly #storage: StorageClient;
  readonly #clock: Clock;
  readonly #folder: string;
  readonly #known = new Map<string, { readonly generation: number; readonly beat: Beat }>();

  constructor(storage: StorageClient, clock: Clock, folder: string) {
    this.#storage = storage;
    this.#clock = clock;
    this.#folder = folder;
  }

  async read({ signal, unreadable }: SinkRead): Promise<readonly Beat[]> {
    signal.throwIfAborted();
    const cleanUp = new CleanUp(this.#storage, signal);
    try {
      const living: StoredObject[] = [];
      for await (const object of this.#objects(signal)) {
        // Nothing was written to it for as long as a beat lives: that needs no look at what it holds.
        if (Date.parse(object.updated) < this.#clock.wallNow() - longestLife) cleanUp.add(object);
        else living.push(object);
      }
      this.#forgetAllBut(living);
      const beats: Beat[] = [];
      const queue = living.values();
      const work = async () => {
        for (const object of queue) {
          try {
            const found = await this.#beat(object, signal);
            if (found === undefined) continue;
            if (Date.parse(found.beat.expires) > this.#clock.wallNow())
              beats.push(structuredClone(found.beat));
            else cleanUp.add({ ...object, generation: found.generation });
          } catch (error) {
            signal.throwIfAborted();
            unreadable?.({ record: object.path, runId: undefined, error });
          }
        }
      };
      await Promise.all(Array.from({ length: atOnce }, work));
      return beats;
    } finally {
      await cleanUp.done();
    }
  }

  #forgetAllBut(objects: readonly StoredObject[]): void {
    const paths = new Set(objects.map(({ path }) => path));
    for (const path of this.#known.keys()) if (!paths.has(path)) this.#known.delete(path);
  }

  async #beat({ path, generation }: StoredObject, signal: AbortSignal) {
    const known = this.#known.get(path);
    if (known?.generation === generation) return known;
    const found = await this.#storage.read(path, { signal });
    if (found === undefined) return undefined;
    const beat = parseBeat(JSON.parse(new TextDecoder().decode(found.data)), path);
    const read = { generation: found.object.generation, beat };
    this.#known.set(path, read);
    return read;
  }

  async *#objects(signal: AbortSignal): AsyncGenerator<StoredObject> {
    let after: string | undefined;
    while (true) {
      const page = await this.#storage.list(`${this.#folder}/`, { after, limit: pageSize, signal });
      yield* page;
      if (page.length < pageSize) return;
      after = page.at(-1)?.path;
    }
  }
}

/**
 * Deletes objects beside the read that has found them, each only as it was found. Not what the reader came for: what fails here, or is
 * left, whoever reads next deletes.
 */
class CleanUp {
  readonly #storage: StorageClient;
  readonly #signal: AbortSignal;
  readonly #deletions: Promise<unknown>[] = [];

  constructor(storage: StorageClient, signal: AbortSignal) {
    this.#storage = storage;
    this.#signal = signal;
  }

  add({ path, generation }: StoredObject): void {
    if (this.#deletions.length >= mostDeleted) return;
    const call = { ifGeneration: generation, signal: this.#signal, timeout: longestDeletion };
    this.#deletions.push(this.#storage.delete(path, call).catch(() => undefined));
  }

  async done(): Promise<void> {
    await Promise.all(this.#deletions);
  }
}

function pathOf(folder: string, runId: string): string {
  return `${folder}/${createHash('sha256').update(runId).digest('hex')}.json`;
}

function sequenceOf(data: Uint8Array): number {
  try {
    const { sequence } = JSON.parse(new TextDecoder().decode(data)) as { sequence?: unknown };
    return typeof sequence === 'number' ? sequence : 0;
  } catch {
    // What is no beat is replaced by one.
    return 0;
  }
}
