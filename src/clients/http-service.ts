import { classify, ConfigurationError, ServiceError } from '../errors/index.ts';
import { type CircuitBreaker, type CircuitState, fullJitter, type Policy, retry } from '../policy/index.ts';
import type { Clock } from '../time/index.ts';
import { milliseconds } from '../time/index.ts';
import { boundedCall } from './bounded-call.ts';
import type { HttpClient, HttpRequestOptions, HttpResponse } from './http.ts';
import { parseJson } from './http-response.ts';
import { type ServiceCircuitOptions, serviceCircuit } from './service-circuit.ts';

export interface HttpServiceOptions {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** How often a request that may be sent twice is sent at most. Default: 3. */
  readonly attempts?: number | undefined;
  /** The circuit of each origin. */
  readonly circuit?: ServiceCircuitOptions | undefined;
}

/** What was asked of an origin since it was first called. */
export interface OriginStatistics {
  readonly calls: number;
  readonly failures: number;
  /** Requests that were sent for the calls, redirects and repetitions counted. */
  readonly requests: number;
  readonly circuit: CircuitState;
}

export interface HttpService extends HttpClient {
  /** By origin. */
  statistics(): Readonly<Record<string, OriginStatistics>>;
}

const mostRedirects = 5;
const usualTimeout = 30_000;
/** Origins remembered: one more, and the one that was called longest ago is forgotten. */
const mostOrigins = 500;

/**
 * What a caller of services wants around an HTTP client: failures that may pass are tried again within the call's time, where the
 * request may be sent twice; an origin that keeps failing is left alone; a few redirects are followed.
 *
 * GET, HEAD, PUT and DELETE may be sent twice, and what bears an `idempotency-key`. Only GET and HEAD are redirected, and another
 * origin gets neither credentials nor cookies.
 */
export function httpService(client: HttpClient, options: HttpServiceOptions): HttpService {
  const { clock, random, attempts = 3, circuit = {} } = options;
  const timeout = client.timeout ?? usualTimeout;
  const again = retry({
    attempts,
    backoff: fullJitter({ base: '250ms', cap: '4s' }),
    clock,
    random,
    handle: (outcome) => !outcome.ok && mayPass(outcome.error),
  });
  const origins = new Origins((name) => serviceCircuit(name, { ...circuit, clock, probeTimeout: timeout }));

  const service: HttpService = {
    timeout,
    async request(given, request = {}) {
      const what = `${request.method ?? 'GET'} ${originOf(given)}`;
      const after = milliseconds('request.timeout', request.timeout ?? timeout);
      return boundedCall({ clock, after, signal: request.signal, what }, (signal) =>
        following(given, { ...request, signal }, (url, next) =>
          origins
            .of(originOf(url))
            .send(() => client.request(url, next), maySendTwice(next) ? again : undefined, signal),
        ),
      );
    },
    async getJson<T>(url: string | URL, request: Parameters<HttpClient['getJson']>[1] = {}): Promise<T> {
      const { schema, ...rest } = request;
      const headers = { accept: 'application/json', ...rest.headers };
      const response = await service.request(url, { ...rest, headers });
      const { origin, pathname } = new URL(url);
      return parseJson<T>(`${rest.method ?? 'GET'} ${origin}${pathname}`, response.text(), schema as never);
    },
    statistics: () => origins.statistics(),
  };
  return service;
}

type Send = (url: string | URL, request: HttpRequestOptions) => Promise<HttpResponse>;

async function following(
  given: string | URL,
  request: HttpRequestOptions,
  send: Send,
): Promise<HttpResponse> {
  let url = given;
  let next = request;
  for (let redirects = 0; ; redirects++) {
    const response = await send(url, next);
    const { location } = response.headers;
    if (!isRedirect(response.status) || location === undefined || !isRead(next)) return response;
    const target = URL.parse(location, String(url));
    if (target === null || !/^https?:$/.test(target.protocol) || redirects >= mostRedirects) {
      throw new ServiceError(`${originOf(url)} redirected ${redirects + 1} times, or to no address`, {
        service: new URL(url).host,
        kind: 'permanent',
        code: 'redirect',
      });
    }
    if (target.origin !== new URL(url).origin) next = { ...next, headers: withoutCredentials(next.headers) };
    url = target;
  }
}

class Origins {
  readonly #circuit: (name: string) => CircuitBreaker;
  // In the order of their last calls, the oldest first.
  readonly #origins = new Map<string, Origin>();

  constructor(circuit: (name: string) => CircuitBreaker) {
    this.#circuit = circuit;
  }

  of(name: string): Origin {
    const origin = this.#origins.get(name) ?? new Origin(this.#circuit(name));
    this.#origins.delete(name);
    this.#origins.set(name, origin);
    const [oldest] = this.#origins.keys();
    if (this.#origins.size > mostOrigins && oldest !== undefined) this.#origins.delete(oldest);
    return origin;
  }

  statistics(): Readonly<Record<string, OriginStatistics>> {
    return Object.fromEntries([...this.#origins].map(([name, origin]) => [name, origin.statistics()]));
  }
}

class Origin {
  readonly #circuit: CircuitBreaker;
  #calls = 0;
  #failures = 0;
  #requests = 0;

  constructor(circuit: CircuitBreaker) {
    this.#circuit = circuit;
  }

  async send(
    request: () => Promise<HttpResponse>,
    again: Policy | undefined,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    const once = () =>
      this.#circuit.execute(
        () => {
          this.#requests += 1;
          return request();
        },
        { signal },
      );
    this.#calls += 1;
    try {
      return await (again === undefined ? once() : again.execute(once, { signal }));
    } catch (error) {
      this.#failures += 1;
      throw error;
    }
  }

  statistics(): OriginStatistics {
    return {
      calls: this.#calls,
      failures: this.#failures,
      requests: this.#requests,
      circuit: this.#circuit.state,
    };
  }
}

function originOf(url: string | URL): string {
  const parsed = URL.parse(String(url));
  // The client's own check names what is wrong; here only credentials must not get into a name.
  if (parsed === null || parsed.origin === 'null')
    throw new ConfigurationError(
      'url',
      'an absolute http or https URL',
      String(url)
        .replace(/[?#].*$/s, '')
        .replace(/\/\/[^/]*@/, '//'),
    );
  return parsed.origin;
}

function maySendTwice(request: HttpRequestOptions): boolean {
  const { method = 'GET', headers = {} } = request;
  return (
    ['GET', 'HEAD', 'PUT', 'DELETE'].includes(method) ||
    Object.keys(headers).some((name) => name.toLowerCase() === 'idempotency-key')
  );
}

function isRead({ method = 'GET' }: HttpRequestOptions): boolean {
  return method === 'GET' || method === 'HEAD';
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

function withoutCredentials(headers: HttpRequestOptions['headers'] = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !/^(authorization|proxy-authorization|cookie|x-api-key|x-goog-api-key)$/i.test(name),
    ),
  );
}

function mayPass(error: unknown): boolean {
  const { kind } = classify(error);
  return kind === 'transient' || kind === 'throttled';
}
