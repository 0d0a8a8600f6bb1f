import { once } from 'node:events';
import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { PushHandler } from './push-handler.ts';
import { type PushServer, servePush } from './serve.ts';

describe('serving a push handler', () => {
  let server: PushServer | undefined;
  afterEach(() => server?.close());

  const serve = async (handler: PushHandler, signals: NodeJS.Signals[] = []) => {
    server = await servePush(handler, { port: 0, host: '127.0.0.1', signals });
    return `http://127.0.0.1:${server.port}/push`;
  };
  const post = (url: string, body: string) => fetch(url, { method: 'POST', body });

  it('hands over what came, and answers what it is told', async () => {
    const url = await serve(async (incoming) => {
      const said = `${incoming.method} ${new URL(incoming.url).pathname} ${await incoming.text()}`;
      return new Response(said, { status: 203, headers: { 'retry-after': '30' } });
    });
    const response = await post(url, 'hello');
    expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([
      203,
      '30',
      'POST /push hello',
    ]);
  });

  it('cuts off a request whose handler throws: it is not acknowledged', async () => {
    const url = await serve(() => Promise.reject(new Error('a bug')));
    await expect(post(url, 'hello')).rejects.toThrow();
  });

  it('stops what is at work when the process is told to end, and answers before it closes', async () => {
    const started = Promise.withResolvers<void>();
    const url = await serve(
      (_, call) =>
        new Promise((resolve) => {
          started.resolve();
          call?.signal?.addEventListener('abort', () => resolve(new Response(null, { status: 204 })));
        }),
      ['SIGUSR2'],
    );
    const answer = post(url, 'hello');
    await started.promise;
    process.kill(process.pid, 'SIGUSR2');
    expect((await answer).status).toBe(204);
    await server?.closed;
    await expect(post(url, 'hello')).rejects.toThrow();
    expect(process.listenerCount('SIGUSR2')).toBe(0);
  });

  it('is not kept by a client that keeps its connection', async () => {
    const url = await serve(async () => new Response(null, { status: 204 }));
    const idle = request(url, { method: 'POST', headers: { connection: 'keep-alive' } });
    idle.end('x');
    const [response] = await once(idle, 'response');
    response.resume();
    await server?.close();
    expect(response.statusCode).toBe(204);
  });

  it('says so when the port is none', async () => {
    await expect(servePush(async () => new Response(), { port: 70_000 })).rejects.toThrow('servePush.port');
  });
});
