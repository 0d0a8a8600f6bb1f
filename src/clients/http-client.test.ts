import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { httpContract } from '../../test/contracts/http-contract.ts';
import { ConfigurationError, ServiceError, TimeoutError } from '../errors/index.ts';
import { VirtualClock } from '../testing/index.ts';
import { createHttpClient, type HttpClientOptions } from './http-client.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function serve(handler: Handler) {
  const server = createHttpServer(handler);
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
  return { origin: `http://127.0.0.1:${port}`, sockets, connections: () => connections, close };
}

httpContract('the pooled HTTP client', async (script) => {
  const clock = new VirtualClock();
  const server = await serve(async (request, response) => {
    const { method = '', url: path = '', headers } = request;
    const body = await text(request);
    const reply = script({ method, path, headers: headers as Record<string, string>, body });
    if (reply === 'never answers') return;
    if (reply === 'breaks off') {
      request.socket.destroy();
      return;
    }
    response.writeHead(reply.status ?? 200, reply.headers).end(reply.body ?? '');
  });
  const client = createHttpClient({ clock });
  return {
    client,
    origin: server.origin,
    advance: (milliseconds) => clock.advance(milliseconds),
    wallNow: () => clock.wallNow(),
    async close() {
      await client.close();
      await server.close();
    },
  };
});

describe('the pooled HTTP client', () => {
  /** A client on a virtual clock and a server; both are closed when the test has ended. */
  async function setup(handler: Handler, options: HttpClientOptions = {}) {
    const clock = new VirtualClock();
    const server = await serve(handler);
    const client = createHttpClient({ clock, ...options });
    onTestFinished(async () => {
      await server.close();
      await client.close();
    });
    return { clock, server, client };
  }
  const until = async (true_: () => boolean) => {
    while (!true_()) await new Promise((resolve) => setImmediate(resolve));
  };

  it('keeps its connections for the next calls, also after failing statuses', async () => {
    const { client, server } = await setup((request, response) => {
      response.statusCode = request.url === '/bad' ? 503 : 200;
      response.end('x'.repeat(10_000));
    });
    for (let round = 0; round < 10; round++) {
      await client.request(`${server.origin}/good`);
      await client.request(`${server.origin}/bad`).catch(() => undefined);
    }
    // A call that comes while the connection is just being tidied up takes a second one.
    expect(server.connections()).toBeLessThanOrEqual(2);
  });

  it('makes no more connections than it may, with one request at a time on each', async () => {
    const waiting: ServerResponse[] = [];
    const { client, server } = await setup((_, response) => waiting.push(response), { connections: 3 });
    const calls = Array.from({ length: 12 }, () => client.request(server.origin));
    for (let round = 0; round < 4; round++) {
      await until(() => waiting.length >= 3);
      // Time for a fourth to come, if one would.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(waiting).toHaveLength(3);
      for (const response of waiting.splice(0)) response.end();
    }
    await Promise.all(calls);
    expect(server.connections()).toBe(3);
  });

  it('closes the socket of a call that was given up, and only that', async () => {
    const answers: ServerResponse[] = [];
    const { client, server } = await setup((_, response) => answers.push(response));
    const controller = new AbortController();
    const given = client.request(`${server.origin}/given-up`, { signal: controller.signal });
    given.catch(() => undefined);
    const kept = client.request(`${server.origin}/kept`);
    await until(() => answers.length === 2);
    expect(server.sockets.size).toBe(2);
    controller.abort();
    await until(() => server.sockets.size === 1);
    for (const answer of answers) answer.end('fine');
    expect((await kept).text()).toBe('fine');
  });

  it('ends in time although the body stalls, and closes the socket', async () => {
    const { client, server, clock } = await setup((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('some');
    });
    const call = client.request(server.origin, { timeout: '2s' }).catch((error: unknown) => error);
    await until(() => server.sockets.size === 1);
    await clock.advance('2s');
    expect(await call).toBeInstanceOf(TimeoutError);
    await until(() => server.sockets.size === 0);
  });

  it('ends in time although the connection is never made', async () => {
    // A TLS handshake that is never answered is a connection that is never made.
    const held: Socket[] = [];
    const silent = createTcpServer((socket) => held.push(socket));
    const port = await listen(silent);
    const clock = new VirtualClock();
    const client = createHttpClient({ clock, connectTimeout: 20 });
    const call = client.request(`https://127.0.0.1:${port}/`, { timeout: '2s' }).catch((error) => error);
    await until(() => held.length === 1);
    await clock.advance('2s');
    expect(await call).toBeInstanceOf(TimeoutError);
    for (const socket of held) socket.destroy();
    silent.close();
    await client.close();
  });

  it('gives up making a connection before the call’s own time', async () => {
    const held: Socket[] = [];
    const silent = createTcpServer((socket) => held.push(socket));
    const port = await listen(silent);
    const client = createHttpClient({ clock: new VirtualClock(), connectTimeout: 20 });
    const error = await client.request(`https://127.0.0.1:${port}/`).catch((error) => error);
    expect(error).toBeInstanceOf(ServiceError);
    expect(error).toMatchObject({ kind: 'timeout', code: 'UND_ERR_CONNECT_TIMEOUT' });
    for (const socket of held) socket.destroy();
    silent.close();
    await client.close();
  });

  it('throws a refused connection as transient', async () => {
    const { client, server } = await setup(() => undefined);
    await server.close();
    await expect(client.request(server.origin)).rejects.toMatchObject({
      kind: 'transient',
      code: 'ECONNREFUSED',
      message: `GET ${server.origin}/ failed (ECONNREFUSED)`,
    });
  });

  it('throws a body that breaks off as transient', async () => {
    const { client, server } = await setup((request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('some', () => request.socket.destroy());
    });
    await expect(client.request(server.origin)).rejects.toMatchObject({ kind: 'transient' });
  });

  it('does not read on once a body is too large', async () => {
    let finished = false;
    const { client, server } = await setup((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more).on('close', () => {
        finished = true;
      });
      more();
    });
    await expect(client.request(server.origin, { maxBytes: 100_000 })).rejects.toMatchObject({
      code: 'too_large',
    });
    await until(() => finished);
  });

  it('leaves no timer and no listener behind', async () => {
    const { client, server, clock } = await setup((request, response) => {
      response.statusCode = request.url === '/bad' ? 500 : 200;
      response.end();
    });
    let listeners = 0;
    const { signal } = new AbortController();
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    await client.request(server.origin, { signal });
    await client.request(`${server.origin}/bad`, { signal }).catch(() => undefined);
    expect(clock.pendingTimers).toBe(0);
    expect(listeners).toBe(0);
  });

  it('lets calls under way end before it closes', async () => {
    const answers: ServerResponse[] = [];
    const { client, server } = await setup((_, response) => answers.push(response));
    const call = client.request(server.origin);
    await until(() => answers.length === 1);
    const closed = client.close();
    answers[0]?.end('fine');
    expect((await call).text()).toBe('fine');
    await closed;
    await until(() => server.sockets.size === 0);
    await expect(client.request(server.origin)).rejects.toThrow(ServiceError);
  });

  it.each([
    ['http.connections', { connections: 0 }],
    ['http.connections', { connections: 1.5 }],
    ['http.timeout', { timeout: 'soon' }],
    ['http.timeout', { timeout: Infinity }],
    ['http.connectTimeout', { connectTimeout: 0 }],
    ['http.maxBytes', { maxBytes: 0 }],
  ])('refuses a wrong %s', (field, options) => {
    expect(() => createHttpClient(options)).toThrow(
      expect.objectContaining({ name: ConfigurationError.name, field }) as Error,
    );
  });
});
