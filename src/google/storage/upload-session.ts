import type { Bucket, FileMetadata } from '@google-cloud/storage';
import { PreconditionError, ServiceError } from '../../errors/index.ts';
import type { GoogleCalls } from '../google-calls.ts';
import type { Lazy } from '../lazy.ts';
import { isStatus } from './object-metadata.ts';
import { sendRequest, type StorageAnswer, type StorageRequest, uploadUri } from './storage-request.ts';

/** A part of an object's bytes. */
export interface Piece {
  readonly bytes: Buffer;
  /** Whether nothing comes after it. */
  readonly last: boolean;
}

/** So much is in memory at once, twice. The service takes multiples of 256 KiB. */
export const pieceSize = 8 * 2 ** 20;

/** The chunks as pieces of one size, but for the last. */
export async function* piecesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
  let begun = Buffer.allocUnsafe(pieceSize);
  let length = 0;
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; ) {
      if (length === pieceSize) {
        yield { bytes: begun, last: false };
        begun = Buffer.allocUnsafe(pieceSize);
        length = 0;
      }
      const taken = Math.min(pieceSize - length, chunk.length - start);
      begun.set(chunk.subarray(start, start + taken), length);
      length += taken;
      start += taken;
    }
  }
  yield { bytes: begun.subarray(0, length), last: true };
}

export interface UploadSessionOptions {
  readonly calls: GoogleCalls;
  readonly bucket: Lazy<Bucket>;
  readonly path: string;
  readonly contentType: string;
  /** The generation that it replaces, and no other; 0 for none. */
  readonly generation: number;
  readonly signal: AbortSignal;
}

/**
 * An object on its way in several requests, which the service makes visible with the last one, whole. A request whose answer was lost is
 * not guessed about: the service tells how far it has come, and the rest is sent.
 */
export class UploadSession {
  readonly #options: UploadSessionOptions;
  readonly #uri: string;
  #offset = 0;

  private constructor(options: UploadSessionOptions, uri: string) {
    this.#options = options;
    this.#uri = uri;
  }

  static async open(options: UploadSessionOptions): Promise<UploadSession> {
    const { calls, bucket, path, contentType, generation, signal } = options;
    const { headers } = await calls.request(`Save of object ${path}`, signal, async () => {
      const client = await bucket.get();
      return send(path, client, {
        method: 'POST',
        uri: uploadUri(client),
        qs: { uploadType: 'resumable', name: path, ifGenerationMatch: generation },
        headers: { 'X-Upload-Content-Type': contentType },
        json: { name: path, contentType },
      });
    });
    if (typeof headers.location !== 'string') throw broken(path, 'no address for the upload');
    return new UploadSession(options, headers.location);
  }

  /** Sends a piece. @param hash Of the whole object, with its last piece. @returns What the object is, after the last. */
  async send({ bytes, last }: Piece, hash?: string): Promise<FileMetadata | undefined> {
    const { calls, bucket, path, signal } = this.#options;
    const end = this.#offset + bytes.length;
    const start = this.#offset;
    const total = last ? String(end) : '*';
    const metadata = await calls.request(`Save of object ${path}`, signal, async ({ attempt }) => {
      const client = await bucket.get();
      if (attempt > 1) {
        const status = await this.#put(client, Buffer.alloc(0), `bytes */${total}`, hash);
        if (status !== undefined) return status;
      }
      while (this.#offset < end || last) {
        const from = this.#offset;
        const rest = bytes.subarray(from - start);
        const range = rest.length === 0 ? `bytes */${total}` : `bytes ${from}-${end - 1}/${total}`;
        const done = await this.#put(client, rest, range, hash);
        if (done !== undefined) return done;
        if (this.#offset === from) throw broken(path, 'no progress');
      }
      return undefined;
    });
    if (last && metadata === undefined) throw broken(path, 'no object at the end of the upload');
    return metadata;
  }

  /** The object, if it is there now; else `#offset` is how far the service has come. */
  async #put(client: Bucket, body: Buffer, range: string, hash?: string): Promise<FileMetadata | undefined> {
    const { path } = this.#options;
    const headers = {
      'Content-Range': range,
      ...(hash !== undefined && { 'X-Goog-Hash': `crc32c=${hash}` }),
    };
    const answer = await send(path, client, { method: 'PUT', uri: this.#uri, headers, body });
    if (answer.status !== 308) return answer.body as FileMetadata;
    const [, to] = /bytes=0-(\d+)/.exec(String(answer.headers.range ?? '')) ?? [];
    const reached = to === undefined ? 0 : Number(to) + 1;
    // What it has once said to have, nobody holds any more.
    if (reached < this.#offset) throw broken(path, `only ${reached} bytes of ${this.#offset}`);
    this.#offset = reached;
    return undefined;
  }
}

function broken(path: string, what: string): ServiceError {
  const details = { service: 'storage', kind: 'permanent', code: 'upload' } as const;
  return new ServiceError(`Save of object ${path}: the service tells of ${what}`, details);
}

function overtaken(path: string, cause: unknown): PreconditionError {
  return new PreconditionError(`Object ${path} is not of the expected generation any more`, { cause });
}

async function send(path: string, client: Bucket, request: StorageRequest): Promise<StorageAnswer> {
  try {
    return await sendRequest(client, request);
  } catch (error) {
    throw isStatus(error, 412) ? overtaken(path, error) : error;
  }
}
