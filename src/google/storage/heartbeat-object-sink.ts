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
/** Expired objects that one read deletes at most; they come one a run. */
const mostDeleted = 20;

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

/** The beats in the folder; an object that is as it was last time is not read again. */
class BeatObjects {
  readonly #storage: StorageClient;
  readonly #clock: Clock;
  readonly #folder: string;
  #known = new Map<string, { readonly generation: number; readonly beat: Beat }>();

  constructor(storage: StorageClient, clock: Clock, folder: string) {
    this.#storage = storage;
    this.#clock = clock;
    this.#folder = folder;
  }

  async read({ signal, unreadable }: SinkRead): Promise<readonly Beat[]> {
    signal.throwIfAborted();
    const objects = await this.#list(signal);
    const known = new Map<string, { generation: number; beat: Beat }>();
    const expired: StoredObject[] = [];
    const queue = objects.values();
    const work = async () => {
      for (const object of queue) {
        try {
          const found = await this.#beat(object, signal);
          if (found === undefined) continue;
          if (Date.parse(found.beat.expires) > this.#clock.wallNow()) known.set(object.path, found);
          else expired.push({ ...object, generation: found.generation });
        } catch (error) {
          signal.throwIfAborted();
          unreadable?.({ record: object.path, runId: undefined, error });
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    this.#known = known;
    await this.#delete(expired.slice(0, mostDeleted), signal);
    return [...known.values()].map(({ beat }) => structuredClone(beat));
  }

  async #beat({ path, generation }: StoredObject, signal: AbortSignal) {
    const known = this.#known.get(path);
    if (known?.generation === generation) return known;
    const found = await this.#storage.read(path, { signal });
    if (found === undefined) return undefined;
    const beat = parseBeat(JSON.parse(new TextDecoder().decode(found.data)), path);
    return { generation: found.object.generation, beat };
  }

  async #list(signal: AbortSignal): Promise<StoredObject[]> {
    const found: StoredObject[] = [];
    while (true) {
      const after = found.at(-1)?.path;
      const page = await this.#storage.list(`${this.#folder}/`, { after, limit: pageSize, signal });
      found.push(...page);
      if (page.length < pageSize) return found;
    }
  }

  async #delete(objects: readonly StoredObject[], signal: AbortSignal): Promise<void> {
    for (const { path, generation } of objects) {
      // Not what the reader came for: whoever reads next tries again.
      await this.#storage.delete(path, { ifGeneration: generation, signal }).catch(() => undefined);
    }
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
