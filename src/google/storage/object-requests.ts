import { randomUUID } from 'node:crypto';
import type { Bucket, FileMetadata } from '@google-cloud/storage';
import type { StoredObject } from '../../clients/index.ts';
import { PreconditionError, ServiceError } from '../../errors/index.ts';
import type { GoogleCalls } from '../google-calls.ts';
import type { Lazy } from '../lazy.ts';
import { checksum } from './checksum.ts';
import { damaged, isStatus, objectOf } from './object-metadata.ts';
import { objectsUri, sendRequest, type StorageAnswer, uploadUri } from './storage-request.ts';

/** An object that is written. */
export interface Target {
  readonly path: string;
  readonly contentType: string;
  readonly ifGeneration: number | undefined;
  readonly signal: AbortSignal;
}

/** Names the write in the object's own metadata, so that a write whose answer was lost knows its own. */
const writeMark = 'breakwater-write';

/** The single requests about objects, each sent again while its failure may pass: what had landed is recognised as ours. */
export class ObjectRequests {
  readonly #bucket: Lazy<Bucket>;
  readonly #calls: GoogleCalls;

  constructor(bucket: Lazy<Bucket>, calls: GoogleCalls) {
    this.#bucket = bucket;
    this.#calls = calls;
  }

  metadata(path: string, signal: AbortSignal): Promise<FileMetadata | undefined> {
    return this.#calls.request(`Look at object ${path}`, signal, async () => {
      const bucket = await this.#bucket.get();
      const found = await foundBy(sendRequest(bucket, { method: 'GET', uri: objectsUri(bucket, path) }));
      return found?.body as FileMetadata | undefined;
    });
  }

  async saveOver(
    generation: number,
    { path, contentType, signal }: Target,
    bytes: Buffer,
  ): Promise<StoredObject> {
    const sum = await checksum();
    sum.update(bytes);
    const crc32c = sum.toString();
    const mark = randomUUID();
    // With the checksum the service refuses what arrives damaged.
    const metadata = { name: path, contentType, crc32c, metadata: { [writeMark]: mark } };
    const { headers, body } = multipart(metadata, contentType, bytes);
    let sentBefore = false;
    const written = await this.#calls.request(`Save of object ${path}`, signal, async () => {
      const bucket = await this.#bucket.get();
      const qs = { uploadType: 'multipart', name: path, ifGenerationMatch: generation };
      try {
        const answer = await sendRequest(bucket, {
          method: 'POST',
          uri: uploadUri(bucket),
          qs,
          headers,
          body,
        });
        return answer.body as FileMetadata;
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
    return this.verified(path, written, crc32c, signal);
  }

  /** What has been written, if it is what was sent; else it goes again, and nothing that came after it. @throws InvalidDataError */
  async verified(
    path: string,
    written: FileMetadata,
    crc32c: string,
    signal: AbortSignal,
  ): Promise<StoredObject> {
    const object = objectOf(path, written);
    if (written.crc32c === undefined || written.crc32c === crc32c) return object;
    try {
      await this.deleteOnly(object.generation, path, signal);
    } catch (error) {
      if (!(error instanceof PreconditionError)) throw error;
    }
    throw damaged(path);
  }

  deleteOnly(generation: number, path: string, signal: AbortSignal): Promise<boolean> {
    let sentBefore = false;
    return this.#calls.request(`Delete of object ${path}`, signal, async () => {
      const bucket = await this.#bucket.get();
      const qs = { ifGenerationMatch: generation };
      try {
        await sendRequest(bucket, { method: 'DELETE', uri: objectsUri(bucket, path), qs });
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

  /** The object's bytes as they are stored, and how; all of them, or those from `start` to before `end`. */
  bytes(
    { path, generation }: StoredObject,
    signal: AbortSignal,
    range?: { readonly start: number; readonly end: number },
  ): Promise<{ readonly bytes: Buffer; readonly gzip: boolean } | undefined> {
    const what = `Read of object ${path}`;
    return this.#calls.request(what, signal, async () => {
      const bucket = await this.#bucket.get();
      const request = sendRequest(bucket, {
        method: 'GET',
        uri: objectsUri(bucket, path),
        qs: { alt: 'media', generation },
        headers: {
          'Cache-Control': 'no-store',
          ...(range !== undefined && { Range: `bytes=${range.start}-${range.end - 1}` }),
        },
        encoding: null,
      });
      const found = await foundBy(request);
      if (found === undefined) return undefined;
      const bytes = found.body as Buffer;
      if (range === undefined || bytes.length === range.end - range.start)
        return { bytes, gzip: found.headers['content-encoding'] === 'gzip' };
      const details = { service: 'storage', kind: 'transient', code: 'cut' } as const;
      throw new ServiceError(`${what}: the answer broke off`, details);
    });
  }

  async page(
    prefix: string,
    { after, most, pageToken }: { after: string | undefined; most: number; pageToken: string | undefined },
    signal: AbortSignal,
  ): Promise<{ readonly objects: readonly StoredObject[]; readonly next: string | undefined }> {
    return this.#calls.request(`List of objects ${prefix}*`, signal, async () => {
      const bucket = await this.#bucket.get();
      const qs = { prefix, maxResults: Math.min(most, 1_000), startOffset: after, pageToken };
      const { body } = await sendRequest(bucket, { method: 'GET', uri: objectsUri(bucket), qs });
      const { items = [], nextPageToken } = body as { items?: Listed[]; nextPageToken?: string };
      return { objects: items.map((item) => objectOf(item.name, item)), next: nextPageToken };
    });
  }

  /** What the write with this mark has left, if it is there. */
  async #written(path: string, mark: string, signal: AbortSignal): Promise<FileMetadata | undefined> {
    const metadata = await this.metadata(path, signal);
    return metadata?.metadata?.[writeMark] === mark ? metadata : undefined;
  }
}

type Listed = FileMetadata & { readonly name: string };

/** Undefined where the service knows no such object. */
async function foundBy(request: Promise<StorageAnswer>): Promise<StorageAnswer | undefined> {
  try {
    return await request;
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

/** An object's metadata and bytes in one body, in parts that no bytes can be taken for the end of. */
function multipart(metadata: object, contentType: string, bytes: Buffer) {
  const boundary = randomUUID();
  const head = `--${boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n${JSON.stringify(metadata)}\r\n--${boundary}\r\nContent-Type: ${contentType}\r\n\r\n`;
  return {
    headers: { 'Content-Type': `multipart/related; boundary=${boundary}` },
    body: Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  };
}
