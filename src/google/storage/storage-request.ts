import type { Bucket } from '@google-cloud/storage';
import type { ServiceAnswer } from '../service-requests.ts';

/** One request of Cloud Storage's JSON API. */
export interface StorageRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly uri: string;
  readonly qs?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: object;
  readonly body?: Buffer;
  /** Null for the answer's bytes as they are. */
  readonly encoding?: null;
}

export interface StorageAnswer {
  readonly status: number;
  readonly headers: ServiceAnswer['headers'];
  readonly body: unknown;
}

/** Where the bucket's objects are, or one of them. */
export function objectsUri({ storage, name }: Bucket, path?: string): string {
  const objects = `${storage.apiEndpoint}/storage/v1/b/${encodeURIComponent(name)}/o`;
  return path === undefined ? objects : `${objects}/${encodeURIComponent(path)}`;
}

export function uploadUri({ storage, name }: Bucket): string {
  return `${storage.apiEndpoint}/upload/storage/v1/b/${encodeURIComponent(name)}/o`;
}

/** Sends it once, with the official client's credentials. A session's "go on" is no failure. */
export function sendRequest({ storage }: Bucket, request: StorageRequest): Promise<StorageAnswer> {
  return new Promise((resolve, reject) => {
    storage.request({ ...request }, (error, body, answer) => {
      const { statusCode = 0, headers = {} } = (answer ?? {}) as Partial<ServiceAnswer>;
      if (error !== null && statusCode !== 308) reject(error);
      else resolve({ status: statusCode, headers, body });
    });
  });
}
