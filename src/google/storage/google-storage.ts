import { randomUUID } from 'node:crypto';
import type { Bucket, File, FileMetadata } from '@google-cloud/storage';
import {
  checkGeneration,
  checkListLimit,
  checkObjectPath,
  checkObjectPrefix,
  type DeleteOptions,
  type ListOptions,
  type SaveOptions,
  type StorageClient,
  type ServiceCircuitOptions,
  type StoredObject,
} from '../../clients/index.ts';
import type { CallOptions } from '../../clients/index.ts';
import { InvalidDataError, PreconditionError, ServiceError } from '../../errors/index.ts';
import type { Clock, Duration } from '../../time/index.ts';
import { realClock } from '../../time/index.ts';
import { endpointOf } from '../endpoint.ts';
import { GoogleCalls, type GoogleStatistics } from '../google-calls.ts';
import { Lazy } from '../lazy.ts';
import { requirePeer } from '../require-peer.ts';

export interface GoogleStorageOptions {
  readonly project: string;
  readonly bucket: string;
  /** Where the service is, when not at Google's: `http://127.0.0.1:9000`. */
  readonly endpoint?: string | undefined;
  /** The longest a call takes, its retries counted, where it does not say otherwise itself. Default: 30 s. */
  readonly timeout?: Duration | undefined;
  /** How often a request is sent at most. Default: 3. */
  readonly attempts?: number | undefined;
  /** When a service that keeps failing is left alone. */
  readonly circuit?: ServiceCircuitOptions | undefined;
  readonly clock?: Clock | undefined;
  /** Uniform in [0, 1). Default: Math.random. */
  readonly random?: (() => number) | undefined;
}

export interface GoogleStorage extends StorageClient {
  readonly timeout: number;
  statistics(): GoogleStatistics;
  /** Lets go of the client. */
  close(): void;
}

// A read or an unconditional write that is overtaken again and again meets a writer that never rests.
const mostRounds = 10;
/** Names the write in the object's own metadata, so that a write whose answer was lost knows its own. */
const writeMark = 'breakwater-write';

/**
 * Objects in a bucket of Cloud Storage.
 *
 * Every write and delete carries a precondition, so that it can be sent again after an answer that was lost: one that had
 * landed is recognised as ours. Checksums are verified both ways.
 *
 * @throws ConfigurationError for a bad option; the first call, if `@google-cloud/storage` is not installed.
 */
export function googleStorage(options: GoogleStorageOptions): GoogleStorage {
  const { timeout = '30s', attempts = 3, clock = realClock, random = Math.random } = options;
  const endpoint =
    options.endpoint === undefined ? undefined : endpointOf('storage.endpoint', options.endpoint);
  const bucket = new Lazy(async () => {
    const { Storage } = await requirePeer('@google-cloud/storage', () => import('@google-cloud/storage'));
    return new Storage({
      projectId: options.project,
      retryOptions: { autoRetry: false, maxRetries: 0 },
      ...(endpoint !== undefined && {
        apiEndpoint: endpoint.origin,
        useAuthWithCustomEndpoint: !endpoint.insecure,
      }),
    }).bucket(options.bucket);
  });
  return new GoogleBucket(
    bucket,
    new GoogleCalls({ service: 'storage', clock, random, timeout, attempts, circuit: options.circuit }),
  );
}

class GoogleBucket implements GoogleStorage {
  readonly #bucket: Lazy<Bucket>;
  readonly #calls: GoogleCalls;

  constructor(bucket: Lazy<Bucket>, calls: GoogleCalls) {
    this.#bucket = bucket;
    this.#calls = calls;
  }

  get timeout(): number {
    return this.#calls.timeout;
  }

  statistics(): GoogleStatistics {
    return this.#calls.statistics();
  }

  close(): void {
    this.#bucket.forget();
    this.#calls.close();
  }

  async save(path: string, data: string | Uint8Array, options: SaveOptions = {}): Promise<StoredObject> {
    const { ifGeneration, contentType } = options;
    checkObjectPath(path);
    checkGeneration(ifGeneration);
    const bytes = typeof data === 'string' ? Buffer.from(data) : Buffer.from(data);
    const type =
      contentType ?? (typeof data === 'string' ? 'text/plain; charset=utf-8' : 'application/octet-stream');
    const what = `Save of object ${path}`;
    return this.#calls.bounded(what, options, async (signal) => {
      for (let round = 1; ; round++) {
        const generation = ifGeneration ?? (await this.#generation(path, signal)) ?? 0;
        try {
          return await this.#saveOver(generation, path, bytes, type, signal);
        } catch (error) {
          if (!(error instanceof PreconditionError) || ifGeneration !== undefined || round >= mostRounds)
            throw error;
        }
      }
    });
  }

  async read(
    path: string,
    options: CallOptions = {},
  ): Promise<{ readonly object: StoredObject; readonly data: Uint8Array } | undefined> {
    checkObjectPath(path);
    return this.#calls.bounded(`Read of object ${path}`, options, async (signal) => {
      for (let round = 1; round <= mostRounds; round++) {
        const object = await this.#metadata(path, signal);
        if (object === undefined) return undefined;
        const data = await this.#download(object, signal);
        // Overwritten between the two requests: the generation is gone, not the object.
        if (data !== undefined) return { object, data: new Uint8Array(data) };
      }
      throw new ServiceError(`Object ${path} was overwritten during each of ${mostRounds} reads`, {
        service: 'storage',
        kind: 'transient',
        code: 'overwritten',
      });
    });
  }

  async list(prefix: string, options: ListOptions = {}): Promise<readonly StoredObject[]> {
    const { after, limit = 1_000 } = options;
    checkObjectPrefix(prefix);
    checkListLimit(limit);
    return this.#calls.bounded(`List of objects ${prefix}*`, options, async (signal) => {
      const found: StoredObject[] = [];
      let pageToken: string | undefined;
      do {
        const page = await this.#page(prefix, { after, most: limit + 1 - found.length, pageToken }, signal);
        // The offset itself is part of what the service gives.
        found.push(...page.objects.filter(({ path }) => path !== after));
        pageToken = page.next;
      } while (pageToken !== undefined && found.length < limit);
      return found.slice(0, limit);
    });
  }

  async delete(path: string, options: DeleteOptions = {}): Promise<boolean> {
    const { ifGeneration } = options;
    checkObjectPath(path);
    checkGeneration(ifGeneration);
    return this.#calls.bounded(`Delete of object ${path}`, options, async (signal) => {
      for (let round = 1; ; round++) {
        const generation = ifGeneration ?? (await this.#generation(path, signal));
        if (generation === undefined) return false;
        try {
          return await this.#deleteOnly(generation, path, signal);
        } catch (error) {
          if (!(error instanceof PreconditionError) || ifGeneration !== undefined || round >= mostRounds)
            throw error;
        }
      }
    });
  }

  async #saveOver(
    generation: number,
    path: string,
    bytes: Buffer,
    contentType: string,
    signal: AbortSignal,
  ): Promise<StoredObject> {
    const what = `Save of object ${path}`;
    const mark = randomUUID();
    let sentBefore = false;
    return this.#calls.request(what, signal, async () => {
      const file = await this.#file(path);
      try {
        await file.save(bytes, {
          resumable: false,
          validation: 'crc32c',
          preconditionOpts: { ifGenerationMatch: generation },
          metadata: { contentType, metadata: { [writeMark]: mark } },
        });
        return objectOf(path, file.metadata);
      } catch (error) {
        if (!isStatus(error, 412)) {
          sentBefore = true;
          throw error;
        }
        const ours = sentBefore ? await this.#written(path, mark, signal) : undefined;
        if (ours !== undefined) return ours;
        throw new PreconditionError(`Object ${path} is not of generation ${generation} any more`, {
          cause: error,
        });
      }
    });
  }

  /** The object, if it is what the write with this mark has left. */
  async #written(path: string, mark: string, signal: AbortSignal): Promise<StoredObject | undefined> {
    const metadata = await this.#rawMetadata(path, signal);
    return metadata?.metadata?.[writeMark] === mark ? objectOf(path, metadata) : undefined;
  }

  #deleteOnly(generation: number, path: string, signal: AbortSignal): Promise<boolean> {
    let sentBefore = false;
    return this.#calls.request(`Delete of object ${path}`, signal, async () => {
      const file = await this.#file(path);
      try {
        await file.delete({ ifGenerationMatch: generation });
        return true;
      } catch (error) {
        // Of a request whose answer was lost: what it was to delete is gone.
        if (isStatus(error, 404)) return sentBefore;
        if (isStatus(error, 412))
          throw new PreconditionError(`Object ${path} is not of generation ${generation}`, { cause: error });
        sentBefore = true;
        throw error;
      }
    });
  }

  async #download({ path, generation }: StoredObject, signal: AbortSignal): Promise<Buffer | undefined> {
    const what = `Read of object ${path}`;
    return this.#calls.request(what, signal, async () => {
      const file = await this.#file(path, generation);
      try {
        const [data] = await file.download({ validation: 'crc32c' });
        return data;
      } catch (error) {
        if (isStatus(error, 404)) return undefined;
        if ((error as { code?: unknown }).code === 'CONTENT_DOWNLOAD_MISMATCH')
          throw new InvalidDataError(`${what}: its bytes do not have its checksum`, { cause: error });
        throw error;
      }
    });
  }

  async #page(
    prefix: string,
    { after, most, pageToken }: { after: string | undefined; most: number; pageToken: string | undefined },
    signal: AbortSignal,
  ): Promise<{ readonly objects: readonly StoredObject[]; readonly next: string | undefined }> {
    return this.#calls.request(`List of objects ${prefix}*`, signal, async () => {
      const bucket = await this.#bucket.get();
      const [files, query] = await bucket.getFiles({
        prefix,
        autoPaginate: false,
        maxResults: Math.min(most, 1_000),
        ...(after !== undefined && { startOffset: after }),
        ...(pageToken !== undefined && { pageToken }),
      });
      return {
        objects: files.map(({ name, metadata }) => objectOf(name, metadata)),
        next: (query as { pageToken?: string } | null)?.pageToken,
      };
    });
  }

  async #generation(path: string, signal: AbortSignal): Promise<number | undefined> {
    return (await this.#metadata(path, signal))?.generation;
  }

  async #metadata(path: string, signal: AbortSignal): Promise<StoredObject | undefined> {
    const metadata = await this.#rawMetadata(path, signal);
    return metadata && objectOf(path, metadata);
  }

  #rawMetadata(path: string, signal: AbortSignal): Promise<FileMetadata | undefined> {
    return this.#calls.request(`Look at object ${path}`, signal, async () => {
      const file = await this.#file(path);
      try {
        const [metadata] = await file.getMetadata();
        return metadata;
      } catch (error) {
        if (isStatus(error, 404)) return undefined;
        throw error;
      }
    });
  }

  async #file(path: string, generation?: number): Promise<File> {
    const bucket = await this.#bucket.get();
    return bucket.file(path, { ...(generation !== undefined && { generation }) });
  }
}

function objectOf(path: string, { generation, size, updated }: FileMetadata): StoredObject {
  return {
    path,
    generation: Number(generation),
    size: Number(size),
    updated: new Date(String(updated)).toISOString(),
  };
}

function isStatus(error: unknown, status: number): boolean {
  return (error as { code?: unknown } | null)?.code === status;
}
