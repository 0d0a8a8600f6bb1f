import type { z } from 'zod';
import { ConfigurationError } from '../errors/index.ts';
import { type Clock, type Duration, milliseconds } from '../time/index.ts';
import type { HttpClient, HttpRequestOptions } from './http.ts';
import { parseUrl } from './http-errors.ts';
import { exchange, type HttpBounds } from './http-exchange.ts';
import { parseJson } from './http-response.ts';
import type { HttpTransport } from './http-transport.ts';

export interface HttpCallsOptions {
  readonly clock: Clock;
  /** The longest a call takes, from the request to the last byte, where it does not say otherwise itself. Default: 30 s. */
  readonly timeout?: Duration | undefined;
  /** The longest from the connection to the answer's head. Default: as long as the call may take. */
  readonly headersTimeout?: Duration | undefined;
  /** The longest that the answer's body may stand still. Default: as long as the call may take. */
  readonly bodyTimeout?: Duration | undefined;
  /** The most bytes of body that are read, where the call does not say otherwise itself. Default: 10 MiB. */
  readonly maxBytes?: number | undefined;
}

/**
 * What every HTTP client of ours does around its transport: bounds in time and size, statuses and broken connections as
 * errors of one classifier, JSON by its schema. Nothing is sent twice, and no query string or header gets into an error.
 */
export function httpCalls(transport: HttpTransport, options: HttpCallsOptions): HttpClient {
  const { clock } = options;
  const usual = {
    timeout: milliseconds('http.timeout', options.timeout ?? '30s'),
    headers: phase('http.headersTimeout', options.headersTimeout ?? Infinity),
    body: phase('http.bodyTimeout', options.bodyTimeout ?? Infinity),
    maxBytes: atLeastOne('http.maxBytes', options.maxBytes ?? 10 * 2 ** 20),
  };

  const boundsOf = (request: HttpRequestOptions): HttpBounds => {
    const { timeout, headersTimeout, bodyTimeout, maxBytes } = request;
    return {
      clock,
      signal: request.signal,
      after: timeout === undefined ? usual.timeout : milliseconds('request.timeout', timeout),
      headersAfter:
        headersTimeout === undefined ? usual.headers : phase('request.headersTimeout', headersTimeout),
      bodyAfter: bodyTimeout === undefined ? usual.body : phase('request.bodyTimeout', bodyTimeout),
      maxBytes: maxBytes === undefined ? usual.maxBytes : atLeastOne('request.maxBytes', maxBytes),
    };
  };

  const client: HttpClient = {
    timeout: usual.timeout,
    // Not async: that would be another promise a call, and three turns until it is heard of.
    request(given, request = {}) {
      try {
        const { method = 'GET', headers = {}, body } = request;
        return exchange(transport, { url: parseUrl(given), method, headers, body }, boundsOf(request));
      } catch (error) {
        return Promise.reject(error);
      }
    },

    async getJson<T>(
      given: string | URL,
      request: HttpRequestOptions & { readonly schema?: z.ZodType<T> | undefined } = {},
    ): Promise<T> {
      const { method = 'GET', schema } = request;
      const url = parseUrl(given);
      const headers = { accept: 'application/json', ...request.headers };
      const response = await client.request(url, { ...request, headers });
      return parseJson({ url, method }, response.text(), schema);
    },
  };
  return client;
}

function phase(field: string, value: Duration): number {
  return milliseconds(field, value, { infinite: true });
}

function atLeastOne(field: string, value: number): number {
  if (!(Number.isSafeInteger(value) && value >= 1)) {
    throw new ConfigurationError(field, 'a whole number of at least 1', value);
  }
  return value;
}
