import type { Bucket } from '@google-cloud/storage';
import {
  boundedItems,
  bytesInMemory,
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
  overwritten,
  type SaveOptions,
  type ServiceCircuitOptions,
  type StorageClient,
  type StoredObject,
  streamedBytes,
} from '../../clients/index.ts';
import type { CallOptions } from '../../clients/index.ts';
import { PreconditionError, ServiceError } from '../../errors/index.ts';
import { type Clock, type Duration, milliseconds, realClock } from '../../time/index.ts';
import { callersOwn } from '../callers-error.ts';
import { endpointOf } from '../endpoint.ts';
import { GoogleCalls, type GoogleStatistics } from '../google-calls.ts';
import { Lazy } from '../lazy.ts';
import { type Checksum, checksum } from './checksum.ts';
import { dataOf } from './object-data.ts';
import { damaged, objectOf, overtaken } from './object-metadata.ts';
import { officialPackage } from './official-package.ts';
import { ObjectRequests, type Target } from './object-requests.ts';
import { type Piece, pieceSize, piecesOf, UploadSession } from './upload-session.ts';

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
  /** Lets requests under way come to their end, then closes the client's connections. No call can be made after it. */
  close(): Promise<void>;
}

// A read or an unconditional write that is overtaken again and again meets a writer that never rests.
const mostRounds = 10;

/**
 * Objects in a bucket of Cloud Storage.
 *
 * Every write and delete carries a precondition, so that it can be sent again after an answer that was lost: one that had
 * landed is recognised as ours. Without `ifGeneration` it is the generation that was there when the write began: a write that lands late,
 * after its caller gave up, replaces nothing newer. Where others write meanwhile, what is in memory is sent again, over theirs; a stream
 * can't be, and ends in a transient ServiceError (`overtaken`). Checksums are verified both ways.
 *
 * @throws ConfigurationError for a bad option; the first call, if `@google-cloud/storage` is not installed.
 */
export function googleStorage(options: GoogleStorageOptions): GoogleStorage {
  const { timeout = '30s', attempts = 3, clock = realClock, random = Math.random } = options;
  const endpoint =
    options.endpoint === undefined ? undefined : endpointOf('storage.endpoint', options.endpoint);
  const { circuit } = options;
  const calls = new GoogleCalls({ service: 'storage', clock, random, timeout, attempts, circuit });
  const bucket = new Lazy('storage', async () => {
    const { Storage } = await officialPackage();
    const client = new Storage({
      projectId: options.project,
      ...(endpoint !== undefined && { apiEndpoint: endpoint.origin }),
    });
    return calls.adopt(client).bucket(options.bucket);
  });
  return new GoogleBucket(bucket, calls);
}

class GoogleBucket implements GoogleStorage {
  readonly #bucket: Lazy<Bucket>;
  readonly #calls: GoogleCalls;
  readonly #requests: ObjectRequests;

  constructor(bucket: Lazy<Bucket>, calls: GoogleCalls) {
    this.#bucket = bucket;
    this.#calls = calls;
    this.#requests = new ObjectRequests(bucket, calls);
  }

  get timeout(): number {
    return this.#calls.timeout;
  }

  statistics(): GoogleStatistics {
    return this.#calls.statistics();
  }

  async close(): Promise<void> {
    await this.#bucket.close();
    await this.#calls.close();
  }

  async save(path: string, data: ObjectSource, options: SaveOptions = {}): Promise<StoredObject> {
    const { ifGeneration, maxBytes, contentType = usualType(data) } = options;
    checkObjectPath(path);
    checkGeneration(ifGeneration);
    checkMaxBytes(maxBytes);
    const inMemory = isStream(data) ? undefined : bytesInMemory(path, data);
    return this.#calls.bounded(`Save of object ${path}`, options, async (signal) => {
      const target: Target = { path, contentType, ifGeneration, signal };
      if (!isStream(data)) return this.#saveBytes(target, inMemory as Buffer);
      const pieces = piecesOf(callersOwn(streamedBytes(data, { path, maxBytes, signal })));
      try {
        return await this.#savePieces(target, pieces);
      } finally {
        // Not waited for: a source that gives nothing may not end either.
        void pieces.return(undefined).catch(() => {});
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
        const metadata = await this.#requests.metadata(path, signal);
        if (metadata === undefined) return undefined;
        const object = objectOf(path, metadata);
        checkReadable(path, object.size);
        const found = await this.#requests.bytes(object, signal);
        // Overwritten between the two requests: the generation is gone, not the object.
        if (found === undefined) continue;
        const sum = await checksum();
        sum.update(found.bytes);
        if (metadata.crc32c !== undefined && !sum.validate(metadata.crc32c)) throw damaged(path);
        return { object, data: await dataOf(path, found) };
      }
      throw new ServiceError(`Object ${path} was overwritten during each of ${mostRounds} reads`, {
        service: 'storage',
        kind: 'transient',
        code: 'overwritten',
      });
    });
  }

  async readStream(path: string, options: CallOptions = {}): Promise<ObjectStream | undefined> {
    checkObjectPath(path);
    const what = `Read of object ${path}`;
    const metadata = await this.#calls.bounded(what, options, (signal) =>
      this.#requests.metadata(path, signal),
    );
    if (metadata === undefined) return undefined;
    const { clock } = this.#calls;
    const after = milliseconds('timeout', options.timeout ?? this.timeout);
    const bounds = { clock, after, signal: options.signal, what };
    const object = objectOf(path, metadata);
    return {
      object,
      data: boundedItems(bounds, (signal) => this.#chunksOf(object, metadata.crc32c, signal)),
    };
  }

  /** A request a chunk, so that nothing waits on the wire for who reads, and one that breaks off is sent again. */
  async *#chunksOf(
    object: StoredObject,
    crc32c: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const { path, size } = object;
    const sum = await checksum();
    for (let start = 0; start < size; start += pieceSize) {
      const end = Math.min(start + pieceSize, size);
      const found = await this.#requests.bytes(object, signal, { start, end });
      if (found === undefined) throw overwritten(path);
      sum.update(found.bytes);
      yield found.bytes;
    }
    if (crc32c !== undefined && !sum.validate(crc32c)) throw damaged(path);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<readonly StoredObject[]> {
    const { after, limit = 1_000 } = options;
    checkObjectPrefix(prefix);
    checkListLimit(limit);
    return this.#calls.bounded(`List of objects ${prefix}*`, options, async (signal) => {
      const found: StoredObject[] = [];
      let pageToken: string | undefined;
      do {
        const page = await this.#requests.page(
          prefix,
          { after, most: limit + 1 - found.length, pageToken },
          signal,
        );
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
          return await this.#requests.deleteOnly(generation, path, signal);
        } catch (error) {
          if (!(error instanceof PreconditionError) || ifGeneration !== undefined || round >= mostRounds)
            throw error;
        }
      }
    });
  }

  #saveBytes(target: Target, bytes: Buffer): Promise<StoredObject> {
    return this.#over(target, (generation) => this.#requests.saveOver(generation, target, bytes));
  }

  /** In one request where it is small, else in a session, which is as safe to send again as a precondition. */
  async #savePieces(target: Target, pieces: AsyncGenerator<Piece>): Promise<StoredObject> {
    const { path, signal } = target;
    const sum = await checksum();
    let piece = (await pieces.next()).value as Piece;
    if (piece.last) return this.#saveBytes(target, piece.bytes);
    const session = await this.#session(target);
    while (true) {
      sum.update(piece.bytes);
      const written = await this.#sent(target, session, piece, sum);
      if (written !== undefined) return this.#requests.verified(path, written, sum.toString(), signal);
      piece = (await pieces.next()).value as Piece;
    }
  }

  /** Nobody else's write in between ends in an error: what it replaces is only what was there when it began. */
  #session(target: Target): Promise<UploadSession> {
    return this.#over(target, (generation) =>
      UploadSession.open({ ...target, generation, calls: this.#calls, bucket: this.#bucket }),
    );
  }

  async #sent({ path, ifGeneration }: Target, session: UploadSession, piece: Piece, sum: Checksum) {
    try {
      return await session.send(piece, piece.last ? sum.toString() : undefined);
    } catch (error) {
      if (!(error instanceof PreconditionError) || ifGeneration !== undefined) throw error;
      // The source has been read: it can't be sent again, over what is newer than it.
      throw overtaken(path, error);
    }
  }

  /** Writes over the generation that is wanted, or over the one that is there, looked at again while others write too. */
  async #over<T>(
    { path, ifGeneration, signal }: Target,
    write: (generation: number) => Promise<T>,
  ): Promise<T> {
    for (let round = 1; ; round++) {
      const generation = ifGeneration ?? (await this.#generation(path, signal)) ?? 0;
      try {
        return await write(generation);
      } catch (error) {
        if (!(error instanceof PreconditionError) || ifGeneration !== undefined || round >= mostRounds)
          throw error;
      }
    }
  }

  async #generation(path: string, signal: AbortSignal): Promise<number | undefined> {
    const metadata = await this.#requests.metadata(path, signal);
    return metadata && objectOf(path, metadata).generation;
  }
}

function usualType(data: ObjectSource): string {
  return typeof data === 'string' ? 'text/plain; charset=utf-8' : 'application/octet-stream';
}
