import { TimeoutError } from '../errors/index.ts';
import { type Clock, type Deadline, deadlineTimer } from '../time/index.ts';
import type { HttpResponse } from './http.ts';
import { describe, requestFailed, statusFailed, tooLarge } from './http-errors.ts';
import { responseOf } from './http-response.ts';
import type { HttpTransport, HttpTransportListener, HttpTransportRequest } from './http-transport.ts';

/** What bounds one request. */
export interface HttpBounds {
  readonly clock: Clock;
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
  /** Milliseconds from the start to the last byte. */
  readonly after: number;
  /** Milliseconds from the connection to the answer's head; Infinity for as long as the whole may take. */
  readonly headersAfter: number;
  /** Milliseconds that the body may stand still; Infinity for as long as the whole may take. */
  readonly bodyAfter: number;
  readonly maxBytes: number;
}

// What is left of an error's body is read up to here, to keep the connection.
const mostDiscarded = 64 * 1_024;

/** Sends the request and gives its whole answer, within the bounds. */
export function exchange(
  transport: HttpTransport,
  request: HttpTransportRequest,
  bounds: HttpBounds,
): Promise<HttpResponse> {
  if (bounds.signal?.aborted) return Promise.reject(bounds.signal.reason);
  return new Promise((resolve, reject) => {
    const one = new Exchange(request, bounds, resolve, reject);
    one.begin();
    try {
      transport(request, one);
    } catch (error) {
      one.failed(error);
    }
  });
}

/**
 * One request and its answer: deadline, listener of the caller's signal and reader in one object, as each call makes one.
 *
 * Invariants: it settles once, in time, and at once when the caller gives up, whatever the transport does; the caller's reason
 * comes out unchanged; once it has settled, neither deadline nor listener is left, and what is still under way is cancelled.
 */
class Exchange implements HttpTransportListener, Deadline {
  at: number;
  place = -1;
  readonly #request: HttpTransportRequest;
  readonly #bounds: HttpBounds;
  readonly #resolve: (response: HttpResponse) => void;
  readonly #reject: (error: unknown) => void;
  readonly #end: number;
  // How long the phase that it is in may take, and by when it must be over.
  #phaseAfter = Infinity;
  #phaseEnd = Infinity;
  #cancel: (() => void) | undefined;
  #settled = false;
  #status = 0;
  #headers: Readonly<Record<string, string>> = {};
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(
    request: HttpTransportRequest,
    bounds: HttpBounds,
    resolve: (response: HttpResponse) => void,
    reject: (error: unknown) => void,
  ) {
    this.#request = request;
    this.#bounds = bounds;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#end = bounds.clock.now() + bounds.after;
    this.at = this.#end;
  }

  begin(): void {
    const { clock, signal } = this.#bounds;
    deadlineTimer(clock).put(this);
    signal?.addEventListener('abort', this);
  }

  started(cancel: () => void): boolean {
    if (this.#settled) return false;
    this.#cancel = cancel;
    this.#enter(this.#bounds.headersAfter);
    return true;
  }

  head(status: number, headers: Readonly<Record<string, string>>): void {
    if (this.#settled) return;
    this.#status = status;
    this.#headers = headers;
    this.#enter(this.#bounds.bodyAfter);
  }

  data(chunk: Uint8Array): void {
    if (this.#settled) return;
    this.#size += chunk.length;
    if (this.#status >= 400) {
      if (this.#size > mostDiscarded) this.#giveUp(this.#statusFailed());
    } else if (this.#size > this.#bounds.maxBytes) {
      this.#giveUp(tooLarge(this.#request, this.#bounds.maxBytes));
    } else {
      this.#chunks.push(chunk);
      this.#enter(this.#bounds.bodyAfter);
    }
  }

  end(): void {
    if (this.#settled) return;
    this.#leave();
    if (this.#status >= 400) this.#reject(this.#statusFailed());
    else
      this.#resolve(responseOf(this.#request, this.#status, this.#headers, joined(this.#chunks, this.#size)));
  }

  failed(error: unknown): void {
    if (this.#settled) return;
    this.#leave();
    // The status is the news; a body that breaks off adds nothing to it.
    const status = this.#status >= 400;
    this.#reject(status ? this.#statusFailed() : requestFailed(this.#request, error, this.#bounds.clock));
  }

  /** The caller gave up. */
  handleEvent(): void {
    this.#giveUp(this.#bounds.signal?.reason);
  }

  due(): void {
    const { clock, after } = this.#bounds;
    const now = clock.now();
    if (now >= this.#end) {
      this.#giveUp(new TimeoutError(`${describe(this.#request)} was not done within ${after} ms`, after));
    } else if (now >= this.#phaseEnd) {
      const missing = this.#status === 0 ? 'was not answered' : 'got no more of its answer';
      const message = `${describe(this.#request)} ${missing} within ${this.#phaseAfter} ms`;
      this.#giveUp(new TimeoutError(message, this.#phaseAfter));
    } else this.#wait();
  }

  /** A phase begins, or begins anew. The deadline stays where it is if it is early enough: it looks again when it is due. */
  #enter(after: number): void {
    this.#phaseAfter = after;
    if (after === Infinity) this.#phaseEnd = Infinity;
    else {
      this.#phaseEnd = this.#bounds.clock.now() + after;
      if (this.#phaseEnd >= this.at) return;
      deadlineTimer(this.#bounds.clock).cancel(this);
      this.#wait();
    }
  }

  #wait(): void {
    this.at = Math.min(this.#end, this.#phaseEnd);
    deadlineTimer(this.#bounds.clock).put(this);
  }

  #statusFailed(): Error {
    return statusFailed(this.#request, this.#status, this.#headers, this.#bounds.clock);
  }

  #giveUp(reason: unknown): void {
    if (this.#settled) return;
    this.#leave();
    this.#reject(reason);
    this.#cancel?.();
  }

  #leave(): void {
    this.#settled = true;
    const { clock, signal } = this.#bounds;
    deadlineTimer(clock).cancel(this);
    signal?.removeEventListener('abort', this);
  }
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = chunks;
  // As a plain array of bytes: a Buffer's slice is no copy.
  if (first !== undefined && chunks.length === 1)
    return new Uint8Array(first.buffer, first.byteOffset, first.byteLength);
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}
