import type { HttpRequestOptions } from './http.ts';

/** Sends one request and tells the listener what comes back. If it throws, the request has failed. */
export type HttpTransport = (request: HttpTransportRequest, listener: HttpTransportListener) => void;

export interface HttpTransportRequest {
  readonly url: URL;
  readonly method: NonNullable<HttpRequestOptions['method']>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

/** Hears of one request: that it is sent, the answer's head, pieces of its body, and its end or how it failed. */
export interface HttpTransportListener {
  /**
   * The request has a connection and would be sent now. `cancel` ends it before its time, and what it tells after that is not
   * heard. False where nobody waits for it any more: then it must not be sent.
   */
  started(cancel: () => void): boolean;
  /** Names in lower case. */
  head(status: number, headers: Readonly<Record<string, string>>): void;
  /** A piece of the body; it is kept, so it must not be written to again. */
  data(chunk: Uint8Array): void;
  end(): void;
  failed(error: unknown): void;
}
