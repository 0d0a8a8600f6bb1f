import type { z } from 'zod';
import type { Duration } from '../time/index.ts';
import type { CallOptions } from './call.ts';

/** A pooled HTTP client. Statuses of 400 and more are thrown as ServiceError with the kind that the status means. */
export interface HttpClient {
  /** How long a call takes at most that does not say otherwise, in milliseconds. Default: 30,000. */
  readonly timeout?: number | undefined;
  request(url: string | URL, options?: HttpRequestOptions): Promise<HttpResponse>;
  /** GETs JSON; with a schema the value is parsed by it. */
  getJson<T = unknown>(
    url: string | URL,
    options?: HttpRequestOptions & { readonly schema?: z.ZodType<T> | undefined },
  ): Promise<T>;
}

export interface HttpRequestOptions extends CallOptions {
  /** Default: GET. */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
  /** The longest from the connection to the answer's head. Default: the client's own, or as long as the call may take. */
  readonly headersTimeout?: Duration | undefined;
  /** The longest that the answer's body may stand still. Default: the client's own, or as long as the call may take. */
  readonly bodyTimeout?: Duration | undefined;
  /** The most bytes of body to read; more is an error. Default: 10 MiB. */
  readonly maxBytes?: number | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  text(): string;
  json(): unknown;
}
