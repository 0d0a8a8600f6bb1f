import { Agent } from 'undici';
import { ConfigurationError } from '../errors/index.ts';
import { type Clock, type Duration, milliseconds, realClock } from '../time/index.ts';
import type { HttpClient } from './http.ts';
import { httpCalls, type HttpTransport } from './http-calls.ts';

export interface HttpClientOptions {
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** The longest a call takes, from the request to the last byte, where it does not say otherwise itself. Default: 30 s. */
  readonly timeout?: Duration | undefined;
  /** The longest a connection may take to be made, TLS included. Default: 10 s. */
  readonly connectTimeout?: Duration | undefined;
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
  const { clock = realClock, timeout, connectTimeout = '10s', connections = 16, maxBytes } = options;
  if (!(Number.isSafeInteger(connections) && connections >= 1)) {
    throw new ConfigurationError('http.connections', 'a whole number of at least 1', connections);
  }
  const agent = new Agent({
    connections,
    pipelining: 1,
    allowH2: false,
    connectTimeout: milliseconds('http.connectTimeout', connectTimeout),
    // The call's own deadline bounds head and body; a second timer for each would only compete with it.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= agent.close();
    return closing;
  };
  return {
    ...httpCalls(through(agent), { clock, timeout, maxBytes }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

// What is left of an error's body is read up to here, to keep the connection.
const mostDiscarded = 64 * 1_024;

function through(agent: Agent): HttpTransport {
  return async ({ url, method, headers, body, signal }) => {
    const answer = await agent.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers,
      body: body ?? null,
      signal,
    });
    return {
      status: answer.statusCode,
      headers: joined(answer.headers),
      body: answer.body,
      discard: () => answer.body.dump({ limit: mostDiscarded, signal }),
    };
  };
}

function joined(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value = '']) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  );
}
