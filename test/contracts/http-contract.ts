import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { HttpClient } from '../../src/clients/index.ts';
import { ConfigurationError, InvalidDataError, ServiceError, TimeoutError } from '../../src/errors/index.ts';

/** What the server of a test does with a request. */
export type HttpScript = (request: ScriptedRequest) => ScriptedReply | 'never answers' | 'breaks off';

export interface ScriptedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ScriptedReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** A client, and one server that plays the script, made anew for each test. */
export interface HttpUnderTest {
  readonly client: HttpClient;
  /** Such as `http://127.0.0.1:8080`. */
  readonly origin: string;
  /** Lets the client's time pass. */
  advance(milliseconds: number): Promise<void>;
  /** The wall time at which the client believes to be. */
  wallNow(): number;
  close?(): Promise<void> | void;
}

/**
 * What every HttpClient must do. Registers its tests in the current vitest file.
 *
 * @param follows Whether it follows redirects. Default: false.
 */
export function httpContract(
  name: string,
  make: (script: HttpScript) => Promise<HttpUnderTest> | HttpUnderTest,
  { follows = false }: { readonly follows?: boolean } = {},
): void {
  describe(`${name} as an HTTP client`, () => {
    let http: HttpUnderTest;
    let script: HttpScript;
    let seen: ScriptedRequest[];
    beforeEach(async () => {
      seen = [];
      script = () => ({});
      http = await make((request) => {
        seen.push(request);
        return script(request);
      });
    });
    afterEach(async () => {
      await http.close?.();
    });

    const replies = (reply: ScriptedReply) => {
      script = () => reply;
    };
    const json = (value: unknown, status = 200): ScriptedReply => ({
      status,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(value),
    });
    const failure = (call: Promise<unknown>): Promise<unknown> =>
      call.then(
        () => expect.unreachable('the call succeeded'),
        (error: unknown) => error,
      );

    describe('a request', () => {
      it('gets status, headers and bytes of the answer', async () => {
        const body = Uint8Array.from({ length: 300 }, (_, index) => index % 256);
        replies({ status: 201, headers: { 'X-Rate-Left': '7' }, body });
        const response = await http.client.request(`${http.origin}/games`);
        expect(response.status).toBe(201);
        expect(response.headers['x-rate-left']).toBe('7');
        expect([...response.body]).toEqual([...body]);
      });

      it('arrives with method, path, query, headers and body', async () => {
        await http.client.request(`${http.origin}/games/2026?day=15%2F1&x=a+b`, {
          method: 'POST',
          headers: { 'X-Trace': 'abc' },
          body: '{"points":33,"name":"Dončić"}',
        });
        expect(seen).toMatchObject([
          {
            method: 'POST',
            path: '/games/2026?day=15%2F1&x=a+b',
            headers: { 'x-trace': 'abc' },
            body: '{"points":33,"name":"Dončić"}',
          },
        ]);
      });

      it('is a GET of a text or a URL unless told otherwise', async () => {
        await http.client.request(`${http.origin}/a`);
        await http.client.request(new URL(`${http.origin}/b`));
        expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /a', 'GET /b']);
      });

      it('reads text as UTF-8, and JSON', async () => {
        replies(json({ player: 'Jokić' }));
        const response = await http.client.request(`${http.origin}/player`);
        expect(response.text()).toBe('{"player":"Jokić"}');
        expect(response.json()).toEqual({ player: 'Jokić' });
      });

      it('takes an answer without a body', async () => {
        replies({ status: 204 });
        const response = await http.client.request(`${http.origin}/done`, { method: 'DELETE' });
        expect(response.body).toHaveLength(0);
        expect((await http.client.request(`${http.origin}/x`, { method: 'HEAD' })).text()).toBe('');
      });

      it(`${follows ? 'follows' : 'does not follow'} a redirect`, async () => {
        script = ({ path }) =>
          path === '/moved' ? { status: 302, headers: { location: '/elsewhere' } } : { body: 'here' };
        const response = await http.client.request(`${http.origin}/moved`);
        if (follows) expect(response.text()).toBe('here');
        else expect([response.status, response.headers.location]).toEqual([302, '/elsewhere']);
        expect(seen).toHaveLength(follows ? 2 : 1);
      });
    });

    describe('a failing status', () => {
      it.each([
        [400, 'permanent'],
        [401, 'permanent'],
        [403, 'permanent'],
        [404, 'permanent'],
        [408, 'timeout'],
        [409, 'permanent'],
        [425, 'transient'],
        [429, 'throttled'],
        [500, 'transient'],
        [501, 'permanent'],
        [502, 'transient'],
        [503, 'transient'],
        [504, 'transient'],
      ])('%i is thrown as %s', async (status, kind) => {
        replies({ status, body: 'an explanation' });
        const error = await failure(http.client.request(`${http.origin}/odds`));
        expect(error).toBeInstanceOf(ServiceError);
        expect(error).toMatchObject({ kind, code: String(status), service: new URL(http.origin).host });
        expect((error as Error).message).toBe(`GET ${http.origin}/odds answered ${status}`);
        expect(seen).toHaveLength(1);
      });

      it.each([429, 503])('%i carries the seconds of its Retry-After in milliseconds', async (status) => {
        replies({ status, headers: { 'Retry-After': '120' } });
        await expect(http.client.request(`${http.origin}/odds`)).rejects.toMatchObject({
          retryAfter: 120_000,
        });
      });

      it('carries a Retry-After that is a date', async () => {
        const whole = Math.ceil(http.wallNow() / 1_000) * 1_000;
        replies({ status: 503, headers: { 'retry-after': new Date(whole + 90_000).toUTCString() } });
        const error = await failure(http.client.request(`${http.origin}/odds`));
        expect((error as ServiceError).retryAfter).toBe(whole + 90_000 - http.wallNow());
      });

      it('has no Retry-After where the server sent none that can be read', async () => {
        replies({ status: 503, headers: { 'retry-after': 'soon' } });
        await expect(http.client.request(`${http.origin}/odds`)).rejects.toMatchObject({
          retryAfter: undefined,
        });
      });
    });

    describe('getJson', () => {
      const odds = z.object({ games: z.array(z.object({ id: z.string(), spread: z.number() })) });

      it('gives the parsed value, as its schema makes it', async () => {
        replies(json({ games: [{ id: 'a', spread: -4.5, more: 1 }], extra: true }));
        const value = await http.client.getJson(`${http.origin}/odds`, { schema: odds });
        expect(value).toEqual({ games: [{ id: 'a', spread: -4.5 }] });
        expect(seen[0]?.headers.accept).toBe('application/json');
      });

      it('names the field that is wrong', async () => {
        replies(
          json({
            games: [
              { id: 'a', spread: 1 },
              { id: 'b', spread: 'five' },
            ],
          }),
        );
        const error = await failure(http.client.getJson(`${http.origin}/odds`, { schema: odds }));
        expect(error).toBeInstanceOf(InvalidDataError);
        expect((error as Error).message).toContain(`GET ${http.origin}/odds`);
        expect((error as Error).message).toContain('games.1.spread');
      });

      it('refuses what is no JSON, without showing it', async () => {
        replies({ body: '<html>s3cr3t</html>' });
        const error = await failure(http.client.getJson(`${http.origin}/odds`));
        expect(error).toBeInstanceOf(InvalidDataError);
        expect((error as Error).message).toBe(`GET ${http.origin}/odds did not answer with JSON`);
      });
    });

    describe('its bounds', () => {
      it('ends at the call’s time-out', async () => {
        script = () => 'never answers';
        const error = failure(http.client.request(`${http.origin}/slow`, { timeout: '5s' }));
        await http.advance(5_000);
        expect(await error).toBeInstanceOf(TimeoutError);
        expect(await error).toMatchObject({ after: 5_000, kind: 'timeout' });
        expect(((await error) as Error).message).toContain(`GET ${http.origin}/slow`);
      });

      it('ends after thirty seconds when nobody said otherwise', async () => {
        script = () => 'never answers';
        let ended = false;
        const error = failure(http.client.request(`${http.origin}/slow`)).finally(() => {
          ended = true;
        });
        await http.advance(29_999);
        expect(ended).toBe(false);
        await http.advance(1);
        expect(await error).toMatchObject({ after: 30_000 });
      });

      it.each(['headersTimeout', 'bodyTimeout'] as const)(
        'takes a %s that is as long as the call, and refuses none',
        async (bound) => {
          const url = `${http.origin}/a`;
          expect((await http.client.request(url, { [bound]: Infinity })).status).toBe(200);
          expect((await http.client.request(url, { [bound]: '5s' })).status).toBe(200);
          expect(await failure(http.client.request(url, { [bound]: 0 }))).toMatchObject({
            field: `request.${bound}`,
          });
        },
      );

      it('ends when the head of the answer is late', async () => {
        script = () => 'never answers';
        const error = failure(http.client.request(`${http.origin}/slow`, { headersTimeout: '2s' }));
        // The request has to arrive first: until then it waits for its connection.
        while (seen.length === 0) await http.advance(0);
        await http.advance(2_000);
        expect(await error).toMatchObject({ kind: 'timeout', after: 2_000 });
      });

      it('ends when the caller gives up, with the caller’s reason', async () => {
        script = () => 'never answers';
        for (const reason of [new Error('the run is over'), 'a word', undefined]) {
          const controller = new AbortController();
          const error = failure(http.client.request(`${http.origin}/slow`, { signal: controller.signal }));
          await http.advance(1);
          controller.abort(reason);
          expect(await error).toBe(controller.signal.reason);
        }
      });

      it('sends nothing for a caller who has given up', async () => {
        const reason = new Error('the run is over');
        const signal = AbortSignal.abort(reason);
        await expect(http.client.request(`${http.origin}/a`, { signal })).rejects.toBe(reason);
        await http.advance(1);
        expect(seen).toEqual([]);
      });

      it('reads a body of just so many bytes as it may, and refuses one more', async () => {
        replies({ body: 'x'.repeat(1_000) });
        const response = await http.client.request(`${http.origin}/big`, { maxBytes: 1_000 });
        expect(response.body).toHaveLength(1_000);
        const error = await failure(http.client.request(`${http.origin}/big?key=s3cr3t`, { maxBytes: 999 }));
        expect(error).toBeInstanceOf(ServiceError);
        expect(error).toMatchObject({ kind: 'permanent', code: 'too_large' });
        expect((error as Error).message).toBe(`GET ${http.origin}/big answered with more than 999 bytes`);
      });
    });

    it('throws a connection that breaks off as transient', async () => {
      script = () => 'breaks off';
      const error = await failure(http.client.request(`${http.origin}/odds`));
      expect(error).toBeInstanceOf(ServiceError);
      expect(error).toMatchObject({ kind: 'transient' });
      expect((error as Error).cause).toBeDefined();
    });

    it('answers again after a failure', async () => {
      script = () => 'breaks off';
      await failure(http.client.request(`${http.origin}/odds`));
      replies({ status: 500, body: 'x'.repeat(200_000) });
      await failure(http.client.request(`${http.origin}/odds`));
      replies({ body: 'fine' });
      expect((await http.client.request(`${http.origin}/odds`)).text()).toBe('fine');
    });

    it('shows neither query nor headers in an error', async () => {
      const bodies: ReturnType<HttpScript>[] = [{ status: 403 }, { body: 'no json' }, 'breaks off'];
      for (const body of bodies) {
        script = () => body;
        const error = await failure(
          http.client.getJson(`${http.origin}/odds?apiKey=s3cr3t#s3cr3t`, {
            headers: { authorization: 'Bearer s3cr3t' },
          }),
        );
        expect(String(error)).toContain(`${http.origin}/odds`);
        expect(String(error)).not.toContain('s3cr3t');
      }
    });

    describe('wrong use', () => {
      it.each(['/odds', 'odds', 'ftp://127.0.0.1/odds?key=s3cr3t', 'http://', ''])(
        'refuses the URL %j',
        async (url) => {
          const error = await failure(http.client.request(url));
          expect(error).toBeInstanceOf(ConfigurationError);
          expect((error as Error).message).not.toContain('s3cr3t');
        },
      );

      it('refuses user and password in the URL', async () => {
        const error = await failure(http.client.request(http.origin.replace('//', '//me:s3cr3t@')));
        expect(error).toBeInstanceOf(ConfigurationError);
        expect((error as Error).message).not.toContain('s3cr3t');
      });

      it.each([0, -1, 1.5, Number.NaN, Infinity])('refuses %d bytes and %d milliseconds', async (number) => {
        const url = `${http.origin}/a`;
        expect(await failure(http.client.request(url, { maxBytes: number }))).toMatchObject({
          field: 'request.maxBytes',
        });
        if (number === 1.5) return;
        expect(await failure(http.client.request(url, { timeout: number }))).toMatchObject({
          field: 'request.timeout',
        });
        expect(seen).toEqual([]);
      });
    });
  });
}
