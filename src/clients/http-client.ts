import { Agent, type Dispatcher, errors } from 'undici';
import { ConfigurationError } from '../errors/index.ts';
import { type Clock, type Duration, milliseconds, realClock } from '../time/index.ts';
import type { HttpClient } from './http.ts';
import { httpCalls } from './http-calls.ts';
import type { HttpTransport, HttpTransportListener } from './http-transport.ts';

export interface HttpClientOptions {
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** The longest a call takes, from the request to the last byte, where it does not say otherwise itself. Default: 30 s. */
  readonly timeout?: Duration | undefined;
  /** The longest a connection may take to be made, TLS included. Default: 10 s. */
  readonly connectTimeout?: Duration | undefined;
  /** The longest from the connection to the answer's head. Default: as long as the call may take. */
  readonly headersTimeout?: Duration | undefined;
  /** The longest that the answer's body may stand still. Default: as long as the call may take. */
  readonly bodyTimeout?: Duration | undefined;
  /** The most connections to one origin; calls beyond that wait, within their time. Default: 16. */
  readonly connections?: number | undefined;
  /** The most bytes of body that are read, where the call does not say otherwise itself. Default: 10 MiB. */
  readonly maxBytes?: number | undefined;
}

export interface PooledHttpClient extends HttpClient, AsyncDisposable {
  /** Lets the calls under way come to their end, then closes all connections. No call can be made after it. */
  close(): Promise<void>;
}

/**
 * An HTTP client with a pool of kept-alive connections for each origin, and one request at a time on each. It neither
 * retries nor follows redirects.
 *
 * Each call ends within its time, whatever the server does. Statuses of 400 and more and broken connections are
 * ServiceErrors with their kind, and the `Retry-After` that came with them; errors name origin and path, never the query.
 *
 * @throws ConfigurationError naming the option.
 *
 * @example
 * await using http = createHttpClient({ timeout: '10s' });
 * const odds = await http.getJson('https://api.example.com/odds', { schema: oddsSchema });
 */
export function createHttpClient(options: HttpClientOptions = {}): PooledHttpClient {
  const { clock = realClock, connectTimeout = '10s', connections = 16, ...bounds } = options;
  if (!(Number.isSafeInteger(connections) && connections >= 1)) {
    throw new ConfigurationError('http.connections', 'a whole number of at least 1', connections);
  }
  const agent = new Agent({
    connections,
    pipelining: 1,
    allowH2: false,
    connectTimeout: milliseconds('http.connectTimeout', connectTimeout),
    // The exchange bounds head and body itself; a second timer for each would only compete with it.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= agent.close();
    return closing;
  };
  return {
    ...httpCalls(through(agent), { ...bounds, clock }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

// As one of undici's handlers, below its own `request`: that makes a stream of each body, and listeners for each signal.
function through(agent: Agent): HttpTransport {
  return ({ url, method, headers, body }, listener) => {
    const path = `${url.pathname}${url.search}`;
    agent.dispatch({ origin: url.origin, path, method, headers, body: body ?? null }, new Handler(listener));
  };
}

class Handler implements Dispatcher.DispatchHandler {
  readonly #listener: HttpTransportListener;

  constructor(listener: HttpTransportListener) {
    this.#listener = listener;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const started = this.#listener.started(() => controller.abort(new errors.RequestAbortedError()));
    // Thrown, the connection stays good for the next request; aborted, it would be closed.
    if (!started) throw new errors.RequestAbortedError();
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Headers): void {
    // Below are the hints that come before the answer.
    if (status >= 200) this.#listener.head(status, joined(headers));
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#listener.data(chunk);
  }

  onResponseEnd(): void {
    this.#listener.end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#listener.failed(error);
  }
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Headers that came several times as one. The object is as undici has just made it, and nobody else's. */
function joined(headers: Headers): Record<string, string> {
  const own = headers as Record<string, string | readonly string[] | undefined>;
  for (const name in own) {
    const value = own[name];
    if (typeof value !== 'string') own[name] = value === undefined ? '' : value.join(', ');
  }
  return own as Record<string, string>;
}
