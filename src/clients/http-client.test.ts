import type { ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { httpContract } from '../../test/contracts/http-contract.ts';
import { type Handler, scripted, serve, silence, until } from '../../test/http/loopback.ts';
import { ConfigurationError, ServiceError, TimeoutError } from '../errors/index.ts';
import { VirtualClock } from '../testing/index.ts';
import { createHttpClient, type HttpClientOptions } from './http-client.ts';

httpContract('the pooled HTTP client', async (script) => {
  const clock = new VirtualClock();
  const server = await serve(scripted(script));
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
    const server = await silence();
    const clock = new VirtualClock();
    const client = createHttpClient({ clock, connectTimeout: 20 });
    const call = client.request(server.origin, { timeout: '2s' }).catch((error) => error);
    await until(() => server.sockets.size === 1);
    await clock.advance('2s');
    expect(await call).toBeInstanceOf(TimeoutError);
    await server.close();
    await client.close();
  });

  it('gives up making a connection before the call’s own time', async () => {
    const server = await silence();
    const client = createHttpClient({ clock: new VirtualClock(), connectTimeout: 20 });
    const error = await client.request(server.origin).catch((error) => error);
    expect(error).toBeInstanceOf(ServiceError);
    expect(error).toMatchObject({ kind: 'timeout', code: 'UND_ERR_CONNECT_TIMEOUT' });
    await server.close();
    await client.close();
  });

  it('gives up an answer whose head does not come, and closes the socket', async () => {
    const { client, server, clock } = await setup(() => undefined, { headersTimeout: '3s' });
    const slow = client.request(`${server.origin}/slow?key=s3cr3t`).catch((error: unknown) => error);
    const own = client.request(server.origin, { headersTimeout: '1s' }).catch((error: unknown) => error);
    await until(() => server.sockets.size === 2);
    await clock.advance(999);
    expect(server.sockets.size).toBe(2);
    await clock.advance(1);
    expect(await own).toMatchObject({ after: 1_000, kind: 'timeout' });
    await until(() => server.sockets.size === 1);
    await clock.advance('2s');
    expect(await slow).toMatchObject({
      name: TimeoutError.name,
      message: `GET ${server.origin}/slow was not answered within 3000 ms`,
    });
    await until(() => server.sockets.size === 0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not count the wait for a connection as waiting for the head', async () => {
    const answers: ServerResponse[] = [];
    const options = { connections: 1, headersTimeout: '3s' };
    const { client, server, clock } = await setup((_, response) => answers.push(response), options);
    const first = client.request(server.origin, { headersTimeout: '20s' });
    const second = client.request(server.origin);
    await until(() => answers.length === 1);
    await clock.advance('10s');
    answers[0]?.end();
    await first;
    await until(() => answers.length === 2);
    await clock.advance('2s');
    answers[1]?.end('fine');
    expect((await second).text()).toBe('fine');
  });

  it('gives up a body that stands still, and closes the socket', async () => {
    const started = Promise.withResolvers<void>();
    const { client, server, clock } = await setup(
      (_, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('some', () => started.resolve());
      },
      { headersTimeout: '10s', bodyTimeout: '2s' },
    );
    const call = client.request(server.origin).catch((error: unknown) => error);
    await started.promise;
    let ended = false;
    void call.then(() => {
      ended = true;
    });
    // When the bytes come in is the network's business; no more than the head's time and the body's may pass.
    for (let second = 0; second < 12 && !ended; second++) {
      await new Promise((resolve) => setImmediate(resolve));
      await clock.advance('1s');
    }
    expect(await call).toMatchObject({ name: TimeoutError.name, after: 2_000 });
    await until(() => server.sockets.size === 0);
  });

  it('does not send a request whose caller gave up while it waited for a connection', async () => {
    const answers: ServerResponse[] = [];
    const paths: unknown[] = [];
    const { client, server } = await setup(
      (request, response) => {
        paths.push(request.url);
        answers.push(response);
      },
      { connections: 1 },
    );
    const first = client.request(`${server.origin}/first`);
    await until(() => answers.length === 1);
    const caller = new AbortController();
    const given = client.request(`${server.origin}/given-up`, { signal: caller.signal });
    const third = client.request(`${server.origin}/third`);
    caller.abort(new Error('enough'));
    await expect(given).rejects.toThrow('enough');
    answers[0]?.end();
    await first;
    await until(() => answers.length === 2);
    answers[1]?.end('fine');
    expect((await third).text()).toBe('fine');
    expect(paths).toEqual(['/first', '/third']);
    expect(server.connections()).toBe(1);
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
    ['http.headersTimeout', { headersTimeout: 0 }],
    ['http.bodyTimeout', { bodyTimeout: 'soon' }],
    ['http.maxBytes', { maxBytes: 0 }],
  ])('refuses a wrong %s', (field, options) => {
    expect(() => createHttpClient(options)).toThrow(
      expect.objectContaining({ name: ConfigurationError.name, field }) as Error,
    );
  });
});
