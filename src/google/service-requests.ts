import { AsyncLocalStorage } from 'node:async_hooks';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { EnvHttpProxyAgent } from 'undici';
import { ApiError } from './api-error.ts';

/** What an official client makes of a request before it is signed and sent. */
interface PreparedRequest {
  readonly method?: string;
  readonly uri: string;
  readonly qs?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly json?: unknown;
  readonly body?: string | Uint8Array;
  /** Null for the answer's bytes as they came, where it is no failure. Default: what its content type says. */
  readonly encoding?: null;
}

export interface ServiceAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

type Callback = (error: unknown, body?: unknown, answer?: ServiceAnswer) => void;

/** As much of an official client as sending its requests needs. */
interface OfficialClient {
  makeAuthenticatedRequest: unknown;
  readonly authClient: Credentials;
}

interface Credentials {
  getRequestHeaders(url: string): Promise<Headers>;
}

const unzip = promisify(gunzip);

/** The most bytes of an answer: an object that is read whole, and its JSON around it. */
const mostBytes = 2 ** 28 + 2 ** 20;

/** The most connections that a client has to its service; requests beyond that wait, within their call's time. */
const mostConnections = 32;

/**
 * Sends what an official client has prepared: through connections that are the client's own, and end with it, and with the signal of the
 * call that asks. The clients' own transport takes no signal, and keeps one pool for all of the process.
 *
 * Tokens are fetched by the client's credentials, once for all calls: no call's end ends that.
 */
export class ServiceRequests {
  readonly #signals = new AsyncLocalStorage<AbortSignal>();
  readonly #pool = new EnvHttpProxyAgent({
    connections: mostConnections,
    pipelining: 1,
    allowH2: false,
    connectTimeout: 10_000,
    keepAliveTimeout: 60_000,
    // Calls are bounded by their signals.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: mostBytes,
  });
  #sent = 0;
  #closing: Promise<void> | undefined;

  /** Requests that were sent to the service so far. */
  get sent(): number {
    return this.#sent;
  }

  /** What clients send during the work ends with the signal. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    return this.#signals.run(signal, work);
  }

  /** The client, which sends its requests from here from now on. */
  adopt<Client extends OfficialClient>(client: Client): Client {
    const adopted: OfficialClient = client;
    adopted.makeAuthenticatedRequest = (request: PreparedRequest, callback: Callback) => {
      this.#send(client.authClient, request).then(
        ({ error, body, answer }) => callback(error, body, answer),
        callback,
      );
    };
    return client;
  }

  /** Lets requests under way come to their end, then closes all connections. */
  close(): Promise<void> {
    this.#closing ??= this.#pool.close();
    return this.#closing;
  }

  async #send(credentials: Credentials, request: PreparedRequest) {
    const signal = this.#signals.getStore();
    const url = urlOf(request);
    const headers = headersOf(request);
    // Only an emulator on this machine goes without TLS, and no token goes there.
    if (url.protocol === 'https:')
      for (const [name, value] of await credentials.getRequestHeaders(url.href)) headers[name] = value;
    signal?.throwIfAborted();
    this.#sent += 1;
    const received = await this.#pool.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: (request.method ?? 'GET') as 'GET',
      headers,
      body: bodyOf(request),
      ...(signal !== undefined && { signal }),
    });
    const answer = { statusCode: received.statusCode, headers: received.headers };
    const bytes = Buffer.from(await received.body.arrayBuffer());
    const works = answer.statusCode >= 200 && answer.statusCode < 300;
    if (works && request.encoding === null) return { error: null, body: bytes, answer };
    const body = contentOf(answer, await unzippedWhere(answer, bytes));
    return { error: works ? null : new ApiError(answer, body), body, answer };
  }
}

function urlOf({ uri, qs = {} }: PreparedRequest): URL {
  const url = new URL(uri);
  for (const [name, value] of Object.entries(qs))
    if (value !== undefined) url.searchParams.append(name, String(value));
  return url;
}

function headersOf({ headers = {}, json }: PreparedRequest): Record<string, string> {
  return {
    'accept-encoding': 'gzip',
    ...Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
    ),
    ...(json !== undefined && { 'content-type': 'application/json' }),
  };
}

function bodyOf({ json, body }: PreparedRequest): string | Uint8Array | null {
  return json === undefined ? (body ?? null) : JSON.stringify(json);
}

async function unzippedWhere({ headers }: ServiceAnswer, bytes: Buffer): Promise<Buffer> {
  return headers['content-encoding'] === 'gzip' ? unzip(bytes, { maxOutputLength: mostBytes }) : bytes;
}

function contentOf({ headers }: ServiceAnswer, bytes: Buffer): unknown {
  const text = bytes.toString();
  if (!/^application\/json(?:\s*;|$)/i.test(String(headers['content-type'] ?? ''))) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
