import { createHash } from 'node:crypto';
import { crc32c } from './crc32c.ts';
import { type Answer, LoopbackServer, type Received } from './loopback-server.ts';

interface Stored {
  readonly name: string;
  readonly bytes: Buffer;
  readonly generation: number;
  readonly updated: string;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly crc32c: string;
  readonly md5: string;
}

export interface StorageServer extends LoopbackServer {
  /** Changes an object's bytes and not its checksum, as a broken disk or wire would. */
  corrupt(name: string): void;
  /** The next upload in one request arrives with other bytes than were sent. */
  garble(): void;
  /** Of the next request of a resumable upload only so many bytes are kept. */
  tear(bytes: number): void;
}

/**
 * Cloud Storage's JSON API for one bucket after the other, in memory: multipart and resumable uploads, in pieces too, reads with `alt=media` and ranges, metadata, lists with
 * prefix, offset and pages, deletes, and `ifGenerationMatch` on all of them.
 */
export async function startStorageServer(): Promise<StorageServer> {
  const bucket = new Bucket();
  const server = new LoopbackServer((request) => bucket.answer(request));
  await server.listen();
  return Object.assign(server, {
    corrupt: (name: string) => bucket.corrupt(name),
    garble: () => bucket.garble(),
    tear: (bytes: number) => bucket.tear(bytes),
  });
}

class Bucket {
  readonly #objects = new Map<string, Stored>();
  readonly #uploads = new Map<string, Upload>();
  readonly #damaged = new Set<string>();
  #generation = 0;
  #tear: number | undefined;
  #garbled = false;

  garble(): void {
    this.#garbled = true;
  }

  tear(bytes: number): void {
    this.#tear = bytes;
  }

  corrupt(name: string): void {
    this.#damaged.add(name);
  }

  answer(request: Received): Answer {
    const { method, url } = request;
    const path = url.pathname.replace(/^\/(?:upload|download)/, '');
    if (url.searchParams.get('uploadType') === 'multipart') return this.#multipart(request);
    if (url.searchParams.get('uploadType') === 'resumable') return this.#resumable(request);
    const [, name] = /^\/storage\/v1\/b\/[^/]+\/o\/(.+)$/.exec(path) ?? [];
    if (name === undefined && method === 'GET') return this.#list(url.searchParams);
    if (name === undefined) return failure(404, 'notFound', 'No such thing');
    const object = decodeURIComponent(name);
    if (method === 'DELETE') return this.#delete(object, url.searchParams);
    return this.#read(object, request);
  }

  #multipart({ headers, url, body }: Received): Answer {
    const [, boundary = ''] = /boundary=([^;]+)/.exec(String(headers['content-type'])) ?? [];
    const parts = partsOf(body, boundary.replace(/^["']|["']$/g, ''));
    const metadata = JSON.parse(String(parts[0]?.content)) as Metadata;
    const sent = parts[1]?.content ?? Buffer.alloc(0);
    const content = this.#garbled ? Buffer.alloc(sent.length) : sent;
    this.#garbled = false;
    if (metadata.crc32c !== undefined && metadata.crc32c !== crc32c(content))
      return failure(400, 'invalid', 'Provided CRC32C does not match');
    const name = url.searchParams.get('name') ?? metadata.name ?? '';
    return this.#store(name, content, metadata, url.searchParams.get('ifGenerationMatch'));
  }

  #resumable(request: Received): Answer {
    const { method, url, headers, body } = request;
    const id = url.searchParams.get('upload_id');
    if (method === 'POST') {
      const metadata = body.length === 0 ? {} : (JSON.parse(String(body)) as Metadata);
      const upload = String(this.#uploads.size + 1);
      const name = url.searchParams.get('name') ?? metadata.name ?? '';
      const ifGeneration = url.searchParams.get('ifGenerationMatch');
      if (!this.#fits(name, ifGeneration)) return preconditionFailed();
      this.#uploads.set(upload, { name, metadata, ifGeneration, received: [], size: 0 });
      const location = `http://${headers.host}${url.pathname}?uploadType=resumable&upload_id=${upload}`;
      return { headers: { location } };
    }
    const upload = this.#uploads.get(id ?? '');
    if (upload === undefined) return failure(404, 'notFound', 'No such upload');
    return upload.done ?? this.#goOn(upload, request);
  }

  /** Takes what has not been taken yet; all of it has come when its end and the total are the same. */
  #goOn(upload: Upload, { headers, body }: Received): Answer {
    const [, from, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(String(headers['content-range'])) ?? [];
    if (total === undefined) return failure(400, 'badRequest', 'No such range');
    if (from !== undefined) {
      if (Number(from) > upload.size) return failure(503, 'backendError', 'A gap');
      const taken = body.subarray(upload.size - Number(from), upload.size - Number(from) + this.#torn());
      upload.received.push(Buffer.from(taken));
      upload.size += taken.length;
    }
    if (total === '*' || Number(total) !== upload.size) {
      const range = upload.size > 0 ? { range: `bytes=0-${upload.size - 1}` } : {};
      return { status: 308, headers: range };
    }
    const content = Buffer.concat(upload.received);
    upload.received = [];
    const [, sum] = /crc32c=([^,]+)/.exec(String(headers['x-goog-hash'] ?? '')) ?? [];
    if (sum !== undefined && sum !== crc32c(content))
      return failure(400, 'invalid', 'Provided CRC32C does not match');
    upload.done = this.#store(upload.name, content, upload.metadata, upload.ifGeneration);
    return upload.done;
  }

  #torn(): number {
    const most = this.#tear ?? Infinity;
    this.#tear = undefined;
    return most;
  }

  #store(name: string, content: Buffer, metadata: Metadata, ifGeneration: string | null): Answer {
    if (!this.#fits(name, ifGeneration)) return preconditionFailed();
    this.#generation = Math.max(this.#generation + 1, Date.now() * 1_000);
    const stored: Stored = {
      name,
      bytes: Buffer.from(content),
      generation: this.#generation,
      updated: new Date().toISOString(),
      contentType: metadata.contentType ?? 'application/octet-stream',
      metadata: metadata.metadata,
      crc32c: crc32c(content),
      md5: md5(content),
    };
    this.#objects.set(name, stored);
    return { json: resource(stored) };
  }

  #read(name: string, { url, headers }: Received): Answer {
    const query = url.searchParams;
    const found = this.#objects.get(name);
    const generation = query.get('generation');
    if (found === undefined || (generation !== null && Number(generation) !== found.generation)) {
      return failure(404, 'notFound', `No such object: ${name}`);
    }
    if (!this.#fits(name, query.get('ifGenerationMatch'))) return preconditionFailed();
    if (query.get('alt') !== 'media') return { json: resource(found) };
    const bytes = this.#damaged.has(name) ? Buffer.from(found.bytes).fill(0) : found.bytes;
    const [range, start, end] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
    return {
      ...(range !== undefined && { status: 206 }),
      body: range === undefined ? bytes : bytes.subarray(Number(start), Number(end) + 1),
      headers: {
        'content-type': found.contentType,
        'x-goog-generation': String(found.generation),
        'x-goog-stored-content-length': String(found.bytes.length),
        'x-goog-stored-content-encoding': 'identity',
        'x-goog-hash': `crc32c=${found.crc32c},md5=${found.md5}`,
      },
    };
  }

  #delete(name: string, query: URLSearchParams): Answer {
    if (!this.#objects.has(name)) return failure(404, 'notFound', `No such object: ${name}`);
    if (!this.#fits(name, query.get('ifGenerationMatch'))) return preconditionFailed();
    this.#objects.delete(name);
    return { status: 204 };
  }

  #list(query: URLSearchParams): Answer {
    const prefix = query.get('prefix') ?? '';
    const from = query.get('pageToken') ?? query.get('startOffset') ?? '';
    const most = Math.min(Number(query.get('maxResults') ?? 1_000), 1_000);
    const found = [...this.#objects.values()]
      .filter(
        ({ name }) => name.startsWith(prefix) && Buffer.compare(Buffer.from(name), Buffer.from(from)) >= 0,
      )
      .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
    const next = found[most];
    return {
      json: {
        kind: 'storage#objects',
        items: found.slice(0, most).map(resource),
        ...(next !== undefined && { nextPageToken: next.name }),
      },
    };
  }

  #fits(name: string, ifGeneration: string | null): boolean {
    return ifGeneration === null || Number(ifGeneration) === (this.#objects.get(name)?.generation ?? 0);
  }
}

/** A session of several requests. */
interface Upload {
  readonly name: string;
  readonly metadata: Metadata;
  readonly ifGeneration: string | null;
  received: Buffer[];
  size: number;
  /** The answer to its last request, given again to who asks. */
  done?: Answer;
}

interface Metadata {
  readonly name?: string;
  readonly contentType?: string;
  readonly crc32c?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

function resource({ name, bytes, generation, updated, contentType, metadata, ...sums }: Stored): object {
  return {
    kind: 'storage#object',
    name,
    bucket: 'bucket',
    generation: String(generation),
    metageneration: '1',
    size: String(bytes.length),
    updated,
    timeCreated: updated,
    contentType,
    crc32c: sums.crc32c,
    md5Hash: sums.md5,
    ...(metadata !== undefined && { metadata }),
  };
}

/** The parts of a `multipart/related` body, by bytes: the second may be anything. */
export function partsOf(body: Buffer, boundary: string): { readonly content: Buffer }[] {
  const mark = Buffer.from(`--${boundary}`);
  const parts: { content: Buffer }[] = [];
  let at = body.indexOf(mark);
  while (at >= 0) {
    const next = body.indexOf(mark, at + mark.length);
    if (next < 0) break;
    const part = body.subarray(at + mark.length + 2, next - 2);
    const head = part.indexOf('\r\n\r\n');
    parts.push({ content: part.subarray(head + 4) });
    at = next;
  }
  return parts;
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('base64');
}

function preconditionFailed(): Answer {
  return failure(412, 'conditionNotMet', 'At least one of the pre-conditions you specified did not hold.');
}

function failure(code: number, reason: string, message: string): Answer {
  return {
    status: code,
    json: { error: { code, message, errors: [{ domain: 'global', reason, message }] } },
  };
}
