import type { z } from 'zod';
import { kindOf, ServiceError, TimeoutError } from '../errors/index.ts';
import { fullJitter, retry } from '../policy/index.ts';
import { type Clock, milliseconds } from '../time/index.ts';
import type { HttpClient, HttpRequestOptions, HttpResponse } from './http.ts';
import { describe, parseUrl } from './http-errors.ts';
import { Origin, Origins, type OriginStatistics } from './http-origin.ts';
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

export interface HttpService extends HttpClient {
  /** By origin. */
  statistics(): Readonly<Record<string, OriginStatistics>>;
}

const mostRedirects = 5;
const usualTimeout = 30_000;

/**
 * What a caller of services wants around an HTTP client: failures that may pass are tried again within the call's time, where the
 * request may be sent twice; an origin that keeps failing is left alone; a few redirects are followed.
 *
 * GET, HEAD, PUT and DELETE may be sent twice, and what bears an `idempotency-key`. A service that asks to be left alone
 * (`Retry-After`) for longer than the call has time is not waited for. Only GET and HEAD are redirected, and another origin
 * gets only headers that say how its answer is to be, such as `accept`: any other may hold a key.
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
  const origins = new Origins((name) => new Origin(serviceCircuit(name, { ...circuit, clock }), again));

  /** One request with its repetitions, within what is left of the call's time. */
  const send = (url: URL, request: HttpRequestOptions, deadline: number) =>
    origins.of(url.origin).call({
      send: () => {
        const left = deadline - clock.now();
        if (left <= 0) return Promise.reject(new TimeoutError('There was no time left for the request', 0));
        return client.request(url, { ...request, timeout: left });
      },
      maySendTwice: maySendTwice(request),
      signal: request.signal,
      deadline,
    });

  const service: HttpService = {
    timeout,
    async request(given, request = {}) {
      // A copy of the caller's own, which may change before it is sent again.
      const first = typeof given === 'string' ? parseUrl(given) : new URL(parseUrl(given).href);
      const after =
        request.timeout === undefined ? timeout : milliseconds('request.timeout', request.timeout);
      const deadline = clock.now() + after;
      let url = first;
      let next = request;
      try {
        for (let redirects = 0; ; redirects++) {
          const response = await send(url, next, deadline);
          const target = targetOf(response, url, next, redirects);
          if (target === undefined) return response;
          if (target.origin !== url.origin) next = { ...next, headers: harmlessOf(next.headers) };
          url = target;
        }
      } catch (error) {
        if (!(error instanceof TimeoutError) || clock.now() < deadline) throw error;
        // What one request had left of the call's time is nothing that the caller knows of.
        const what = describe({ method: request.method ?? 'GET', url: first });
        throw new TimeoutError(`${what} was not done within ${after} ms`, after);
      }
    },
    async getJson<T>(
      given: string | URL,
      request: HttpRequestOptions & { readonly schema?: z.ZodType<T> | undefined } = {},
    ): Promise<T> {
      const { method = 'GET', schema } = request;
      const url = parseUrl(given);
      const headers = { accept: 'application/json', ...request.headers };
      const response = await service.request(url, { ...request, headers });
      return parseJson({ url, method }, response.text(), schema);
    },
    statistics: () => origins.statistics(),
  };
  return service;
}

/** Where a read is redirected to; undefined for every other answer. */
function targetOf(
  { status, headers }: HttpResponse,
  url: URL,
  { method = 'GET' }: HttpRequestOptions,
  redirects: number,
): URL | undefined {
  if (status < 300 || !isRedirect(status) || headers.location === undefined) return undefined;
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  const target = URL.parse(headers.location, url.href);
  const wrong =
    target === null || !/^https?:$/.test(target.protocol)
      ? 'to no address'
      : target.username !== '' || target.password !== ''
        ? 'to an address with user and password'
        : redirects >= mostRedirects
          ? `${redirects + 1} times`
          : undefined;
  if (target === null || wrong !== undefined) {
    throw new ServiceError(`${url.origin} redirected ${wrong}`, {
      service: url.host,
      kind: 'permanent',
      code: 'redirect',
    });
  }
  return target;
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

function maySendTwice({ method = 'GET', headers = {} }: HttpRequestOptions): boolean {
  return (
    (method !== 'POST' && method !== 'PATCH') ||
    Object.keys(headers).some((name) => name.toLowerCase() === 'idempotency-key')
  );
}

/** What says how the answer is to be, and bears no key: any other name may. */
const harmless: ReadonlySet<string> = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'content-language',
  'content-type',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'pragma',
  'range',
  'user-agent',
]);

function harmlessOf(headers: HttpRequestOptions['headers'] = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => harmless.has(name.toLowerCase())));
}

/** Time-outs too: that of the whole call leaves no time for another request. */
function mayPass(error: unknown): boolean {
  const kind = kindOf(error);
  return kind === 'transient' || kind === 'throttled' || kind === 'timeout';
}
