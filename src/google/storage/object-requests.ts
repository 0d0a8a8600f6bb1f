import { randomUUID } from 'node:crypto';
import type { Bucket, File, FileMetadata } from '@google-cloud/storage';
import type { StoredObject } from '../../clients/index.ts';
import { PreconditionError, ServiceError } from '../../errors/index.ts';
import type { GoogleCalls } from '../google-calls.ts';
import type { Lazy } from '../lazy.ts';
import { damaged, isStatus, objectOf } from './object-metadata.ts';

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

  async saveOver(
    generation: number,
    { path, contentType, signal }: Target,
    bytes: Buffer,
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

  deleteOnly(generation: number, path: string, signal: AbortSignal): Promise<boolean> {
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

  async download({ path, generation }: StoredObject, signal: AbortSignal): Promise<Buffer | undefined> {
    const what = `Read of object ${path}`;
    return this.#calls.request(what, signal, async () => {
      const file = await this.#file(path, generation);
      try {
        const [data] = await file.download({ validation: 'crc32c' });
        return data;
      } catch (error) {
        if (isStatus(error, 404)) return undefined;
        if ((error as { code?: unknown }).code === 'CONTENT_DOWNLOAD_MISMATCH')
          throw damaged(path, { cause: error });
        throw error;
      }
    });
  }

  async part(
    { path, generation }: StoredObject,
    start: number,
    end: number,
    signal: AbortSignal,
  ): Promise<Buffer | undefined> {
    const what = `Read of object ${path}`;
    return this.#calls.request(what, signal, async () => {
      const file = await this.#file(path, generation);
      try {
        const [data] = await file.download({ start, end: end - 1, validation: false, decompress: false });
        if (data.length === end - start) return data;
      } catch (error) {
        if (isStatus(error, 404)) return undefined;
        throw error;
      }
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

  /** The object, if it is what the write with this mark has left. */
  async #written(path: string, mark: string, signal: AbortSignal): Promise<StoredObject | undefined> {
    const metadata = await this.metadata(path, signal);
    return metadata?.metadata?.[writeMark] === mark ? objectOf(path, metadata) : undefined;
  }

  async #file(path: string, generation?: number): Promise<File> {
    const bucket = await this.#bucket.get();
    return bucket.file(path, { ...(generation !== undefined && { generation }) });
  }
}
