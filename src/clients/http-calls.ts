import type { z } from 'zod';
import { BreakwaterError, classify, ConfigurationError, ServiceError } from '../errors/index.ts';
import { type Clock, type Duration, milliseconds } from '../time/index.ts';
import { boundedCall } from './bounded-call.ts';
import type { HttpClient, HttpRequestOptions } from './http.ts';
import { type HttpCallName, parseJson, readBody, responseOf } from './http-response.ts';

/** Sends one request and gives the answer's head; the body is read, or discarded, by the caller. */
export type HttpTransport = (request: HttpTransportRequest) => Promise<HttpTransportResponse>;

export interface HttpTransportRequest {
  readonly url: URL;
  readonly method: NonNullable<HttpRequestOptions['method']>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
  /** Aborted at the call's deadline and when its caller gives up. */
  readonly signal: AbortSignal;
}

export interface HttpTransportResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
  /** Reads the body to its end, or closes the connection where it is long. */
  discard(): Promise<void>;
}

export interface HttpCallsOptions {
  readonly clock: Clock;
  /** The longest a call takes, from the request to the last byte, where it does not say otherwise itself. Default: 30 s. */
  readonly timeout?: Duration | undefined;
  /** The most bytes of body that are read, where the call does not say otherwise itself. Default: 10 MiB. */
  readonly maxBytes?: number | undefined;
}

/**
 * What every HTTP client of ours does around its transport: bounds in time and size, statuses and broken connections as
 * errors of one classifier, JSON by its schema. Nothing is sent twice, and no query string or header gets into an error.
 */
export function httpCalls(transport: HttpTransport, options: HttpCallsOptions): HttpClient {
  const { clock } = options;
  const usualTimeout = milliseconds('http.timeout', options.timeout ?? '30s');
  const usualMaxBytes = atLeastOne('http.maxBytes', options.maxBytes ?? 10 * 2 ** 20);

  const client: HttpClient = {
    timeout: usualTimeout,
    async request(given, request = {}) {
      const { method = 'GET', headers = {}, body } = request;
      const url = parseUrl(given);
      const call: HttpCallName = { what: `${method} ${url.origin}${url.pathname}`, service: url.host };
      const after = milliseconds('request.timeout', request.timeout ?? usualTimeout);
      const maxBytes = atLeastOne('request.maxBytes', request.maxBytes ?? usualMaxBytes);
      return boundedCall({ clock, after, signal: request.signal, what: call.what }, async (signal) => {
        try {
          const answer = await transport({ url, method, headers, body, signal });
          if (answer.status < 400) return responseOf(call, answer, await readBody(call, answer, maxBytes));
          // The status is the news; a body that breaks off adds nothing to it.
          await answer.discard().catch(() => undefined);
          throw statusError(call, answer, clock.wallNow());
        } catch (error) {
          throw serviceError(call, error, clock.wallNow());
        }
      });
    },

    async getJson<T>(
      url: string | URL,
      request: HttpRequestOptions & { readonly schema?: z.ZodType<T> | undefined } = {},
    ): Promise<T> {
      const { schema, ...rest } = request;
      const headers = { accept: 'application/json', ...rest.headers };
      const response = await client.request(url, { ...rest, headers });
      const { origin, pathname } = parseUrl(url);
      return parseJson(`${rest.method ?? 'GET'} ${origin}${pathname}`, response.text(), schema);
    },
  };
  return client;
}

function statusError({ what, service }: HttpCallName, answer: HttpTransportResponse, wallNow: number): Error {
  const { status, headers } = answer;
  const classification = classify({ status, headers }, { wallNow });
  return new ServiceError(`${what} answered ${status}`, { service, code: String(status), ...classification });
}

function serviceError({ what, service }: HttpCallName, error: unknown, wallNow: number): unknown {
  if (error instanceof BreakwaterError) return error;
  const code = codeOf(error);
  const classification = classify(error, { wallNow });
  const details = { service, code, ...classification };
  return new ServiceError(`${what} failed${code === undefined ? '' : ` (${code})`}`, details, {
    cause: error,
  });
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

function parseUrl(given: string | URL): URL {
  const url = URL.parse(String(given));
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new ConfigurationError('url', 'an absolute http or https URL', withoutSecrets(String(given)));
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigurationError('url', 'without user and password: give them as a header', url.origin);
  }
  return url;
}

function withoutSecrets(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/\/\/[^/]*@/, '//');
}

function atLeastOne(field: string, value: number): number {
  if (!(Number.isSafeInteger(value) && value >= 1)) {
    throw new ConfigurationError(field, 'a whole number of at least 1', value);
  }
  return value;
}
