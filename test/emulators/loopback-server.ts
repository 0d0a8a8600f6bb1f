import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Received {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: Uint8Array;
}

/** What a server does wrong with the requests that match. */
export interface Fault {
  /** Default: every request. */
  readonly match?: (request: Received) => boolean;
  /** How many of them. Default: 1. */
  readonly times?: number;
  readonly answer: Answer | 'cut' | 'hang';
  /** Whether the request is carried out first. Default: false. */
  readonly after?: boolean;
  /** Something that happens before the answer. */
  readonly meanwhile?: () => Promise<unknown>;
}

/** An HTTP server on a free port of this machine, with a record of what reached it and a queue of faults. */
export class LoopbackServer {
  readonly requests: Received[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #handle: (request: Received) => Promise<Answer> | Answer;
  #accepted = 0;
  #faults: { fault: Fault; left: number }[] = [];

  constructor(handle: (request: Received) => Promise<Answer> | Answer) {
    this.#handle = handle;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      this.#accepted += 1;
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this.port;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Connections that were ever made. */
  get accepted(): number {
    return this.#accepted;
  }

  fault(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  /** How many requests of that method and path were received. */
  count(method: string, path: RegExp): number {
    return this.requests.filter((request) => request.method === method && path.test(request.url.pathname))
      .length;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of message) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const { method = 'GET', url = '/', headers } = message;
    const request = { method, url: new URL(url, 'http://loopback'), headers, body: Buffer.concat(chunks) };
    this.requests.push(request);
    const fault = this.#faultOf(request);
    const answer = fault === undefined || fault.after ? await this.#answer(request) : undefined;
    await fault?.meanwhile?.();
    send(response, fault?.answer ?? (answer as Answer), answer);
  }

  async #answer(request: Received): Promise<Answer> {
    try {
      return await this.#handle(request);
    } catch (error) {
      return { status: 500, json: { error: { code: 500, message: String((error as Error).stack) } } };
    }
  }

  #faultOf(request: Received): Fault | undefined {
    const found = this.#faults.find(({ fault }) => fault.match?.(request) ?? true);
    if (found === undefined) return undefined;
    found.left -= 1;
    if (found.left === 0) this.#faults = this.#faults.filter((fault) => fault !== found);
    return found.fault;
  }
}

function send(response: ServerResponse, answer: Answer | 'cut' | 'hang', whole: Answer | undefined): void {
  if (answer === 'hang') return;
  if (answer === 'cut') {
    const body = bodyOf(whole ?? { json: { cut: true } });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length + 1 });
    response.write(body.subarray(0, Math.max(1, body.length >> 1)), () => response.destroy());
    return;
  }
  const body = bodyOf(answer);
  response.writeHead(answer.status ?? 200, {
    ...(answer.json !== undefined && { 'content-type': 'application/json; charset=UTF-8' }),
    'content-length': body.length,
    ...answer.headers,
  });
  response.end(body);
}

function bodyOf({ json, body }: Answer): Uint8Array {
  return body ?? (json === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(json)));
}
