import {
  type HttpClient,
  type HttpRequestOptions,
  type HttpResponse,
  type HttpTransportListener,
  type HttpTransportRequest,
  httpCalls,
} from '../clients/index.ts';
import { ConfigurationError } from '../errors/index.ts';
import type { Clock, Duration } from '../time/index.ts';
import { Outage } from './outage.ts';
import { keep } from './recording.ts';

export interface FakeHttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

export interface FakeHttpReply {
  /** Default: 200. */
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The body as a value that goes out as JSON; or `body`. */
  readonly json?: unknown;
  readonly body?: string | Uint8Array | undefined;
}

/** `https://host/path` or `POST https://host/path`; without a query it matches any. Or a pattern of that text, or a predicate. */
export type FakeHttpRoute = string | RegExp | ((request: FakeHttpRequest) => boolean);

export interface FakeHttpOptions {
  readonly clock: Clock;
  readonly timeout?: Duration | undefined;
  readonly maxBytes?: number | undefined;
}

/** An HTTP client whose servers are routes of the test. All else (statuses, bounds, schemas) is as in the real one. */
export class FakeHttp extends Outage implements HttpClient {
  /** The requests that were sent, the oldest first; of more than 10,000 the newest. */
  readonly calls: FakeHttpRequest[] = [];
  readonly timeout: number | undefined;
  readonly #routes: {
    readonly matches: (request: FakeHttpRequest) => boolean;
    readonly reply: (request: FakeHttpRequest) => FakeHttpReply | Promise<FakeHttpReply>;
  }[] = [];
  readonly #calls: HttpClient;

  constructor(options: FakeHttpOptions) {
    super();
    this.#calls = httpCalls((request, listener) => {
      this.#answer(request, listener).catch((error: unknown) => listener.failed(error));
    }, options);
    this.timeout = this.#calls.timeout;
  }

  /**
   * Answers requests on a route; of two that match, the later counts. A reply that throws an error with a `code` such as
   * `ECONNRESET` is a broken connection, a promise that never settles a server that hangs.
   *
   * @example
   * context.http.on('https://api.example.com/odds', { json: { games: [] } });
   */
  on(
    route: FakeHttpRoute,
    reply: FakeHttpReply | ((request: FakeHttpRequest) => FakeHttpReply | Promise<FakeHttpReply>),
  ): this {
    this.#routes.unshift({
      matches: matcher(route),
      reply: typeof reply === 'function' ? reply : () => reply,
    });
    return this;
  }

  request(url: string | URL, options?: HttpRequestOptions): Promise<HttpResponse> {
    return this.#calls.request(url, options);
  }

  getJson: HttpClient['getJson'] = (url, options) => this.#calls.getJson(url, options);

  async #answer(
    { url, method, headers, body }: HttpTransportRequest,
    listener: HttpTransportListener,
  ): Promise<void> {
    const request: FakeHttpRequest = { method, url: new URL(url), headers: lowerCased(headers), body };
    keep(this.calls, request);
    const caller = new AbortController();
    if (!listener.started(() => caller.abort())) return;
    await this.pass(caller.signal);
    const route = this.#routes.find(({ matches }) => matches(request));
    if (route === undefined) {
      throw new ConfigurationError(
        'FakeHttp',
        `given a route for each request: http.on('${method} ${url.origin}${url.pathname}', { json: … })`,
        `${method} ${url.origin}${url.pathname}`,
      );
    }
    const reply = await route.reply(request);
    const bytes = bytesOf(reply);
    listener.head(reply.status ?? 200, {
      ...(reply.json === undefined ? {} : { 'content-type': 'application/json' }),
      ...lowerCased(reply.headers ?? {}),
    });
    if (method !== 'HEAD') listener.data(bytes);
    listener.end();
  }
}

function matcher(route: FakeHttpRoute): (request: FakeHttpRequest) => boolean {
  if (typeof route === 'function') return route;
  if (route instanceof RegExp) {
    // A pattern with the flag g or y would remember where it stopped.
    const pattern = new RegExp(route, route.flags.replace(/[gy]/g, ''));
    return ({ method, url }) => pattern.test(`${method} ${url.href}`);
  }
  const parts = /^(?:([A-Z]+) )?(https?:\/\/\S+)$/.exec(route);
  const wanted = parts?.[2] === undefined ? null : URL.parse(parts[2]);
  if (wanted === null)
    throw new ConfigurationError(
      'FakeHttp.on.route',
      "such as 'https://host/path' or 'POST https://host/path'",
      route,
    );
  return ({ method, url }) =>
    (parts?.[1] ?? method) === method &&
    url.origin === wanted.origin &&
    url.pathname === wanted.pathname &&
    (wanted.search === '' || url.search === wanted.search);
}

function bytesOf({ json, body = '' }: FakeHttpReply): Uint8Array {
  const content = json === undefined ? body : JSON.stringify(json);
  return typeof content === 'string' ? new TextEncoder().encode(content) : content;
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
