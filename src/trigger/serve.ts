import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { ConfigurationError } from '../errors/index.ts';
import { RunCancelledError } from '../processor/index.ts';
import { type Clock, realClock } from '../time/index.ts';
import type { PushHandler } from './push-handler.ts';

export interface ServeOptions {
  /** Default: the environment's `PORT`, else 8080. */
  readonly port?: number | undefined;
  /** Default: all addresses. */
  readonly host?: string | undefined;
  /** Signals that end it gracefully. Default: `['SIGTERM', 'SIGINT']`. */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
  /** How long answers may take after that, in milliseconds. Default: 8,000 (Cloud Run kills after ten seconds). */
  readonly shutdownTime?: number | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
}

export interface PushServer {
  readonly port: number;
  /** Takes no new request, stops the runs at work (they are parked), and waits for their answers. */
  close(): Promise<void>;
  /** Resolves when it has closed, for whichever reason. */
  readonly closed: Promise<void>;
}

/**
 * Serves a push handler over HTTP. At SIGTERM it takes no new request; runs at work are stopped and parked, or end by themselves,
 * and are answered accordingly before it closes.
 */
export async function servePush(handler: PushHandler, options: ServeOptions = {}): Promise<PushServer> {
  const { host, signals = ['SIGTERM', 'SIGINT'], shutdownTime = 8_000, clock = realClock } = options;
  const port = options.port ?? Number(process.env.PORT ?? 8080);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new ConfigurationError('servePush.port', 'a port', options.port ?? process.env.PORT);
  const stopping = new AbortController();
  const server = createServer((incoming, outgoing) => {
    respond(handler, stopping.signal, incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { promise: closed, resolve: isClosed } = Promise.withResolvers<void>();
  const close = () => {
    if (stopping.signal.aborted) return closed;
    for (const signal of signals) process.removeListener(signal, close);
    stopping.abort(new RunCancelledError('shutdown', 'The process is being stopped'));
    // Whoever has not answered by then is cut off: the message is not acknowledged, and its run is recovered.
    const timer = clock.setTimer(shutdownTime, () => server.closeAllConnections());
    server.close(() => {
      timer.cancel();
      isClosed();
    });
    server.closeIdleConnections();
    return closed;
  };
  for (const signal of signals) process.on(signal, close);
  return { port: (server.address() as AddressInfo).port, close, closed };
}

async function respond(
  handler: PushHandler,
  signal: AbortSignal,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { method = 'GET', url = '/', headers } = incoming;
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const request = new Request(new URL(url, 'http://localhost'), {
    method,
    headers: Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as [string, string]],
    ),
    ...(hasBody && { body: Readable.toWeb(incoming) as ReadableStream<Uint8Array>, duplex: 'half' }),
  });
  const response = await handler(request, { signal });
  // Once it stops, a client that keeps its connection would keep the server.
  if (signal.aborted) outgoing.setHeader('connection', 'close');
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(await response.text());
}
