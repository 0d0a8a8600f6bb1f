import type { ServerResponse } from 'node:http';
import { getEventListeners } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttpClient, type HttpServiceOptions, httpService } from '../../src/clients/index.ts';
import { CircuitOpenError, ServiceError, TimeoutError } from '../../src/errors/index.ts';
import { VirtualClock } from '../../src/testing/index.ts';
import { httpContract } from '../contracts/http-contract.ts';
import { type Handler, scripted, serve, until } from './loopback.ts';

/** The service around a pooled client, on a virtual clock, and a server. */
async function setup(handler: Handler, options: Partial<HttpServiceOptions> = {}) {
  const clock = new VirtualClock();
  const seen: string[] = [];
  const server = await serve((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    handler(request, response);
  });
  const client = createHttpClient({ clock });
  const service = httpService(client, { clock, random: () => 0, ...options });
  const close = async () => {
    await server.close();
    await client.close();
  };
  return {
    clock,
    seen,
    server,
    client,
    service,
    close,
    statistics: () => service.statistics()[server.origin],
  };
}

async function closedAfterwards(handler: Handler, options: Partial<HttpServiceOptions> = {}) {
  const set = await setup(handler, options);
  onTestFinished(set.close);
  return set;
}

httpContract(
  'an HTTP service that sends once',
  async (script) => {
    const { clock, server, service, close } = await setup(scripted(script), { attempts: 1 });
    return {
      client: service,
      origin: server.origin,
      advance: (milliseconds) => clock.advance(milliseconds),
      wallNow: () => clock.wallNow(),
      close,
    };
  },
  { follows: true },
);

/** Whether a call waits to be sent again: a timer for that stands beside that of the deadlines. */
function waits({ pendingTimers }: VirtualClock): boolean {
  return pendingTimers === 2;
}

const failing: Handler = (_, response) => {
  response.writeHead(503).end('away');
};

describe('an HTTP service and its server', () => {
  it.each([
    ['GET', {}, 3],
    ['HEAD', {}, 3],
    ['PUT', {}, 3],
    ['DELETE', {}, 3],
    ['POST', {}, 1],
    ['PATCH', {}, 1],
    ['POST', { 'Idempotency-Key': 'a' }, 3],
    ['PATCH', { 'idempotency-key': 'a' }, 3],
  ] as const)('sends a failing %s %j %i times', async (method, headers, times) => {
    // With the least jitter there is no wait between them.
    const { service, seen, server } = await closedAfterwards(failing);
    const call = service.request(`${server.origin}/odds`, { method, headers });
    await expect(call).rejects.toMatchObject({ code: '503' });
    expect(seen).toEqual(Array(times).fill(`${method} /odds`));
  });

  it.each([429, 503, 408])(
    'waits as long as the server asks it to with %i, and then has the answer',
    async (status) => {
      const { service, seen, server, clock } = await closedAfterwards((_, response) => {
        if (seen.length === 1) response.writeHead(status, { 'retry-after': '7' }).end();
        else response.end('fine');
      });
      const call = service.request(server.origin);
      await until(() => waits(clock));
      await clock.advance(6_999);
      expect(waits(clock)).toBe(true);
      expect(seen).toHaveLength(1);
      await clock.advance(1);
      expect((await call).text()).toBe('fine');
      expect(seen).toHaveLength(2);
    },
  );

  it('does not wait where the server asks for more time than there is, and says how long', async () => {
    const { service, seen, server, clock } = await closedAfterwards((_, response) => {
      response.writeHead(429, { 'retry-after': '60' }).end();
    });
    const error = await service.request(server.origin, { timeout: '10s' }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ServiceError);
    expect(error).toMatchObject({ kind: 'throttled', retryAfter: 60_000 });
    expect(seen).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('sends a read again whose answer is late, within the call’s time', async () => {
    const { service, seen, server, clock } = await closedAfterwards((_, response) => {
      if (seen.length === 2) response.end('fine');
    });
    const call = service.request(server.origin, { headersTimeout: '3s' });
    await until(() => seen.length === 1);
    await clock.advance('3s');
    expect((await call).text()).toBe('fine');
  });

  it('has one time for the call, with all that is sent for it', async () => {
    const { service, seen, server, clock } = await closedAfterwards((_, response) => {
      if (seen.length === 1) response.writeHead(503, { 'retry-after': '1' }).end();
    });
    const call = service
      .request(`${server.origin}/odds?key=s3cr3t`, { timeout: '2s' })
      .catch((error: unknown) => error);
    await until(() => waits(clock));
    await clock.advance('1s');
    await until(() => seen.length === 2);
    await clock.advance(999);
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(1);
    expect(await call).toMatchObject({
      name: TimeoutError.name,
      after: 2_000,
      message: `GET ${server.origin}/odds was not done within 2000 ms`,
    });
    expect(clock.pendingTimers).toBe(0);
    await until(() => server.sockets.size === 0);
  });

  it('leaves an origin alone that never answers, but probes it, and uses it when it is back', async () => {
    let away = true;
    const held: ServerResponse[] = [];
    const { service, seen, server, clock, statistics } = await closedAfterwards(
      (_, response) => {
        if (away) held.push(response);
        else response.end('fine');
      },
      { circuit: { failures: 2, openFor: '1m', probes: 1 } },
    );
    for (let count = 0; count < 2; count++) {
      const ended = expect(service.request(server.origin, { method: 'POST' })).rejects.toThrow(TimeoutError);
      await until(() => held.length === count + 1);
      await clock.advance('30s');
      await ended;
    }
    await expect(service.request(server.origin)).rejects.toThrow(CircuitOpenError);
    expect(seen).toHaveLength(2);
    expect(statistics()).toEqual({ calls: 3, failures: 3, cancelled: 0, requests: 2, circuit: 'open' });
    away = false;
    await clock.advance('1m');
    expect((await service.request(server.origin)).text()).toBe('fine');
    expect(statistics()).toMatchObject({ calls: 4, failures: 3, requests: 3, circuit: 'closed' });
  });

  it('holds no caller’s giving up against an origin, whatever the reason', async () => {
    const { service, seen, server, statistics } = await closedAfterwards(() => undefined, {
      circuit: { failures: 2 },
    });
    for (const reason of [new Error('the run is over'), 'a word', new TypeError('odd'), undefined]) {
      const caller = new AbortController();
      const sent = seen.length;
      const call = service.request(server.origin, { signal: caller.signal });
      await until(() => seen.length > sent);
      caller.abort(reason);
      await expect(call).rejects.toBe(caller.signal.reason);
      expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
    }
    expect(statistics()).toEqual({ calls: 4, failures: 0, cancelled: 4, requests: 4, circuit: 'closed' });
  });

  it('follows redirects to another origin without credentials, and not for ever', async () => {
    const headers: unknown[] = [];
    const other = await closedAfterwards((request, response) => {
      headers.push(request.headers['x-api-key'], request.headers.apikey, request.headers.accept);
      response.end('there');
    });
    const { service, seen, server, statistics } = await closedAfterwards((request, response) => {
      const location = request.url === '/round' ? '/round' : `${other.server.origin}/there`;
      response.writeHead(302, { location }).end();
    });
    const options = { headers: { 'x-api-key': 'x', apikey: 'x', accept: 'text/plain' } };
    expect((await service.request(server.origin, options)).text()).toBe('there');
    expect(headers).toEqual([undefined, undefined, 'text/plain']);
    await expect(service.request(`${server.origin}/round`)).rejects.toMatchObject({
      kind: 'permanent',
      code: 'redirect',
    });
    expect(seen).toHaveLength(7);
    expect(statistics()).toMatchObject({ requests: 7, circuit: 'closed' });
  });

  it('reads no more of an answer than it may', async () => {
    const { service, server } = await closedAfterwards((_, response) => {
      response.end('x'.repeat(2_000_000));
    });
    await expect(service.request(server.origin, { maxBytes: 1_000_000 })).rejects.toMatchObject({
      code: 'too_large',
    });
    await until(() => server.sockets.size === 0);
  });
});
