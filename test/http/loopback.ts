import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { HttpScript } from '../contracts/http-contract.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface LoopbackHttp {
  readonly origin: string;
  /** Those that are open now. */
  readonly sockets: ReadonlySet<Socket>;
  /** How many there were. */
  connections(): number;
  /** How many requests came. */
  requests(): number;
  close(): Promise<void>;
}

/** An HTTP server on a free port of this machine. */
export async function serve(handler: Handler): Promise<LoopbackHttp> {
  let requests = 0;
  const server = createHttpServer((request, response) => {
    requests++;
    handler(request, response);
  });
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listen(server);
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const counts = { connections: () => connections, requests: () => requests };
  return { origin: `http://127.0.0.1:${port}`, sockets, ...counts, close };
}

/** The server of a contract's script. */
export function scripted(script: HttpScript): Handler {
  return async (request, response) => {
    const { method = '', url: path = '', headers } = request;
    const body = await text(request);
    const reply = script({ method, path, headers: headers as Record<string, string>, body });
    if (reply === 'never answers') return;
    if (reply === 'breaks off') {
      request.socket.destroy();
      return;
    }
    response.writeHead(reply.status ?? 200, reply.headers).end(reply.body ?? '');
  };
}

/** Takes connections and says nothing: a TLS handshake with it is a connection that is never made. */
export async function silence(): Promise<Pick<LoopbackHttp, 'origin' | 'sockets' | 'close'>> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listen(server);
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { origin: `https://127.0.0.1:${port}`, sockets, close };
}

/** Turns of the event loop until something is so. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
