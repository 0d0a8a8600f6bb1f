import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CircuitOpenError, ServiceError } from '../errors/index.ts';
import { VirtualClock } from '../testing/index.ts';
import type { HttpClient, HttpRequestOptions, HttpResponse } from './http.ts';
import { type HttpServiceOptions, httpService } from './http-service.ts';

/** A client that answers from a script, and the service around it. */
function serviceOf(
  answer: (url: URL, request: HttpRequestOptions, count: number) => HttpResponse | Promise<HttpResponse>,
  options: Partial<HttpServiceOptions> = {},
) {
  const clock = new VirtualClock();
  const sent: { url: string; headers: Readonly<Record<string, string>> }[] = [];
  const client: HttpClient = {
    timeout: 30_000,
    async request(url, request = {}) {
      sent.push({ url: String(url), headers: request.headers ?? {} });
      return answer(new URL(url), request, sent.length);
    },
    getJson: () => Promise.reject(new Error('the service asks by request')),
  };
  return { clock, sent, service: httpService(client, { clock, random: () => 0, ...options }) };
}

const ok = (text = '{}', headers: Record<string, string> = {}, status = 200): HttpResponse => ({
  status,
  headers,
  body: Buffer.from(text),
  text: () => text,
  json: () => JSON.parse(text) as unknown,
});
const failing = (code: string, kind: 'transient' | 'permanent' | 'throttled') =>
  new ServiceError(`answered ${code}`, { service: 'odds', kind, code });
const url = 'https://odds.example/v1?key=1';

describe('an HTTP service', () => {
  it.each(['GET', 'HEAD', 'PUT', 'DELETE'] as const)(
    'sends a %s again after a failure that may pass',
    async (method) => {
      const { service, sent, clock } = serviceOf((_url, _request, count) => {
        if (count < 3) throw failing('503', 'transient');
        return ok();
      });
      const call = service.request(url, { method });
      await clock.runAll();
      expect((await call).status).toBe(200);
      expect(sent).toHaveLength(3);
    },
  );

  it.each(['POST', 'PATCH'] as const)(
    'sends a %s once, unless it bears an idempotency key',
    async (method) => {
      const { service, sent, clock } = serviceOf(() => {
        throw failing('503', 'transient');
      });
      await expect(service.request(url, { method })).rejects.toMatchObject({ code: '503' });
      expect(sent).toHaveLength(1);
      const call = expect(
        service.request(url, { method, headers: { 'Idempotency-Key': 'a' } }),
      ).rejects.toThrow();
      await clock.runAll();
      await call;
      expect(sent).toHaveLength(4);
    },
  );

  it('does not send again what has failed for good', async () => {
    const { service, sent } = serviceOf(() => {
      throw failing('404', 'permanent');
    });
    await expect(service.request(url)).rejects.toMatchObject({ code: '404' });
    expect(sent).toHaveLength(1);
  });

  it('leaves an origin alone that keeps failing, and no other', async () => {
    const { service, sent, clock } = serviceOf(({ host }) => {
      if (host === 'odds.example') throw failing('500', 'transient');
      return ok();
    });
    for (let call = 0; call < 5; call++)
      await expect(service.request(url, { method: 'POST' })).rejects.toThrow(ServiceError);
    await expect(service.request(url, { method: 'POST' })).rejects.toThrow(CircuitOpenError);
    expect(sent).toHaveLength(5);
    expect((await service.request('https://scores.example/')).status).toBe(200);
    expect(service.statistics()).toEqual({
      'https://odds.example': { calls: 6, failures: 6, cancelled: 0, requests: 5, circuit: 'open' },
      'https://scores.example': { calls: 1, failures: 0, cancelled: 0, requests: 1, circuit: 'closed' },
    });
    await clock.advance('5m');
    await expect(service.request(url, { method: 'POST' })).rejects.toThrow(ServiceError);
    expect(sent).toHaveLength(7);
  });

  it('follows a few redirects of a read, and takes no credentials to another origin', async () => {
    const { service, sent } = serviceOf((_url, _request, count) =>
      count === 1
        ? ok('', { location: '/v2' }, 302)
        : count === 2
          ? ok('', { location: 'https://mirror.example/v2' }, 307)
          : ok('{"a":1}'),
    );
    const headers = { Authorization: 'Bearer x', accept: 'text/plain' };
    expect((await service.request(url, { headers })).json()).toEqual({ a: 1 });
    expect(sent.map(({ url }) => url)).toEqual([url, 'https://odds.example/v2', 'https://mirror.example/v2']);
    expect(sent.map(({ headers }) => 'Authorization' in headers)).toEqual([true, true, false]);
  });

  it('takes to another origin only headers that hold no key, whatever they are called', async () => {
    const harmless = {
      Accept: 'text/csv',
      'accept-language': 'en',
      'User-Agent': 'odds/1',
      Range: 'bytes=0-9',
    };
    const keys = ['X-RapidAPI-Key', 'Ocp-Apim-Subscription-Key', 'X-Auth-Token', 'apikey', 'Cookie'];
    const { service, sent } = serviceOf((_url, _request, count) =>
      count === 1 ? ok('', { location: 'https://mirror.example/v2' }, 307) : ok(),
    );
    const secrets = Object.fromEntries(keys.map((name) => [name, 's3cr3t']));
    await service.request(url, { headers: { ...harmless, ...secrets } });
    expect(sent.map(({ headers }) => headers)).toEqual([{ ...harmless, ...secrets }, harmless]);
  });

  it.each(['https://user:pass@mirror.example/v2', 'https://user@mirror.example/', 'ftp://mirror.example/v2'])(
    'ends at a redirect to %s, and shows nothing of it',
    async (location) => {
      const { service, sent } = serviceOf(() => ok('', { location }, 302));
      const error = await service.request(url).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(ServiceError);
      expect(error).toMatchObject({ kind: 'permanent', code: 'redirect', service: 'odds.example' });
      expect(inspect(error, { depth: Infinity })).not.toMatch(/user:|user@|pass@|mirror/);
      expect(sent).toHaveLength(1);
    },
  );

  it('counts a call once, by how it ended, and tells of the last answer', async () => {
    const { service, sent, clock } = serviceOf((_url, _request, count) => {
      // Calls of three requests each; the third of them works at last.
      if (count === 9) return ok();
      throw failing('503', 'transient');
    });
    const calls: unknown[] = [];
    for (let call = 1; call <= 8; call++) {
      const outcome = service.request(url).then(
        ({ status }) => status,
        (error: unknown) => (error as { code?: string }).code,
      );
      await clock.runAll();
      calls.push(await outcome);
    }
    expect(calls).toEqual(['503', '503', 200, '503', '503', '503', '503', '503']);
    expect(sent).toHaveLength(24);
    await expect(service.request(url)).rejects.toThrow(CircuitOpenError);
    expect(service.statistics()['https://odds.example']).toEqual({
      calls: 9,
      failures: 8,
      cancelled: 0,
      requests: 24,
      circuit: 'open',
    });
  });

  it('counts as given up only what its caller ended', async () => {
    const caller = new AbortController();
    const { service } = serviceOf(() => {
      caller.abort(new Error('the run is over'));
      throw failing('404', 'permanent');
    });
    await expect(service.request(url, { signal: caller.signal })).rejects.toMatchObject({ code: '404' });
    expect(service.statistics()['https://odds.example']).toMatchObject({ failures: 1, cancelled: 0 });
  });

  it('closes the circuit of an origin after a probe that was given more time than others, and took it', async () => {
    let away = true;
    const { service, clock } = serviceOf(
      async () => {
        if (away) throw failing('503', 'transient');
        await clock.advance('50m');
        return ok();
      },
      { attempts: 1, circuit: { failures: 1, openFor: '1m', probes: 1 } },
    );
    await expect(service.request(url)).rejects.toMatchObject({ code: '503' });
    await clock.advance('1m');
    away = false;
    expect((await service.request(url, { timeout: '55m' })).status).toBe(200);
    expect(service.statistics()['https://odds.example']?.circuit).toBe('closed');
  });

  it('gives a redirect of a write as it is', async () => {
    const { service } = serviceOf(() => ok('', { location: '/elsewhere' }, 307));
    expect((await service.request(url, { method: 'POST' })).status).toBe(307);
  });

  it('ends where redirects go round', async () => {
    const { service, sent } = serviceOf(() => ok('', { location: url }, 302));
    await expect(service.request(url)).rejects.toMatchObject({ code: 'redirect', kind: 'permanent' });
    expect(sent).toHaveLength(6);
  });

  it('gives the reason of a caller who gives up while it waits to try again', async () => {
    const { service, clock } = serviceOf(() => {
      throw new ServiceError('answered 503', {
        service: 'odds',
        kind: 'transient',
        code: '503',
        retryAfter: 5_000,
      });
    });
    const caller = new AbortController();
    const call = service.request(url, { signal: caller.signal });
    await clock.advance(10);
    const reason = new Error('the run is over');
    caller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(clock.pendingTimers).toBe(0);
  });
});
