import type { BigQuery } from '@google-cloud/bigquery';
import type { GoogleAttempt, GoogleCalls } from '../google-calls.ts';
import type { Lazy } from '../lazy.ts';
import { requestError } from './bigquery-error.ts';

export interface RestRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the project: `/jobs`. */
  readonly path: string;
  /** Default: the client's. */
  readonly project?: string | undefined;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  readonly json?: object | undefined;
  /** Sent to the upload address, beside `json`. */
  readonly media?: Buffer | undefined;
}

/** BigQuery's REST API, with the official client's addresses, credentials and connections. */
export class Rest {
  readonly #client: Lazy<BigQuery>;
  readonly #calls: GoogleCalls;

  constructor(client: Lazy<BigQuery>, calls: GoogleCalls) {
    this.#client = client;
    this.#calls = calls;
  }

  /**
   * Sends the request, again while its failure may pass.
   *
   * @param failed Looks at an error before anything else is done about it: gives the answer where it says that a request before it had
   * landed, throws what is to come out in its stead, or gives undefined.
   */
  send<T>(
    what: string,
    signal: AbortSignal,
    request: RestRequest,
    failed: (error: unknown, attempt: GoogleAttempt) => Promise<T | undefined> | T | undefined = () =>
      undefined,
  ): Promise<T> {
    return this.#calls.request(what, signal, async (attempt) => {
      try {
        return await this.once<T>(request);
      } catch (error) {
        const adopted = await failed(error, attempt);
        if (adopted !== undefined) return adopted;
        throw requestError(what, error);
      }
    });
  }

  /** Sends the request once, from within another. */
  async once<T>({ method, path, project, query, json, media }: RestRequest): Promise<T> {
    const client = await this.#client.get();
    const options = {
      method,
      uri: path,
      ...(project !== undefined && { projectId: project }),
      ...(query !== undefined && { qs: definedOf(query) }),
      ...(json !== undefined && media === undefined && { json }),
      ...(media !== undefined && upload(client, path, json ?? {}, media)),
    };
    return new Promise<T>((resolve, reject) => {
      client.request(options, (error, body) => (error === null ? resolve(body as T) : reject(error)));
    });
  }
}

/** Whether a request says that what it would make is there already. */
export function isThere(error: unknown): boolean {
  return Number((error as { code?: unknown }).code) === 409;
}

const boundary = 'breakwater-part';

function upload(client: BigQuery, path: string, json: object, media: Buffer) {
  const project = `${client.apiEndpoint}/upload/bigquery/v2/projects/${client.projectId}`;
  const head = `--${boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n${JSON.stringify(json)}\r\n--${boundary}\r\nContent-Type: application/octet-stream\r\n\r\n`;
  return {
    uri: `${project}${path}`,
    qs: { uploadType: 'multipart' },
    headers: { 'Content-Type': `multipart/related; boundary=${boundary}` },
    body: Buffer.concat([Buffer.from(head), media, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  };
}

function definedOf(query: NonNullable<RestRequest['query']>): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries(query).filter(
      (entry): entry is [string, string | number | boolean] => entry[1] !== undefined,
    ),
  );
}
