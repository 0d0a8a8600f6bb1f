import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

// Node publishes every request as it is made, in the async context of whoever made it.
const channel = 'http.client.request.created';

/**
 * Ends the HTTP requests of clients that take no signal: what a call sends while it runs is destroyed when its signal
 * aborts, so that a server which never answers holds no socket of ours.
 */
export class AbortableRequests {
  readonly #calls = new AsyncLocalStorage<Call>();
  readonly #onRequest = (message: unknown) => {
    const call = this.#calls.getStore();
    if (call !== undefined) this.#follow(call, (message as { request: ClientRequest }).request);
  };
  #sent = 0;

  constructor() {
    subscribe(channel, this.#onRequest);
  }

  /** Requests that were sent so far. */
  get sent(): number {
    return this.#sent;
  }

  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const call: Call = { signal, requests: new Set() };
    const onAbort = () => {
      for (const request of call.requests) request.destroy(errorOf(signal));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await this.#calls.run(call, work);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Follows no request any more. */
  close(): void {
    unsubscribe(channel, this.#onRequest);
  }

  #follow({ signal, requests }: Call, request: ClientRequest): void {
    this.#sent += 1;
    requests.add(request);
    request.once('close', () => requests.delete(request));
    // The client went on after its call had been given up.
    if (signal.aborted) request.destroy(errorOf(signal));
  }
}

interface Call {
  readonly signal: AbortSignal;
  readonly requests: Set<ClientRequest>;
}

function errorOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error('The call was given up', { cause: reason });
}
