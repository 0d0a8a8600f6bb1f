import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, LoopbackServer } from '../../test/emulators/loopback-server.ts';
import { ApiError } from './api-error.ts';
import { type ServiceAnswer, ServiceRequests } from './service-requests.ts';

type Sent = { readonly body: unknown; readonly answer: ServiceAnswer };
type Prepared = Readonly<Record<string, unknown>>;

describe('requests of an official client', () => {
  let answers: Answer;
  let server: LoopbackServer;
  let requests: ServiceRequests;
  let tokens: () => Promise<Headers>;
  beforeEach(async () => {
    server = new LoopbackServer(() => answers);
    await server.listen();
    requests = new ServiceRequests();
    answers = { json: { fine: true } };
    tokens = () => Promise.reject(new Error('no token goes to an emulator'));
  });
  afterEach(async () => {
    await requests.close();
    await server.close();
  });

  /** What an official client does with a request of its own. */
  function send(request: Prepared, origin = `http://127.0.0.1:${server.port}`): Promise<Sent> {
    const client = requests.adopt({
      makeAuthenticatedRequest: undefined as unknown,
      authClient: { getRequestHeaders: () => tokens() },
    });
    const make = client.makeAuthenticatedRequest as (
      request: Prepared,
      callback: (error: unknown, body: unknown, answer: ServiceAnswer) => void,
    ) => void;
    return new Promise((resolve, reject) => {
      make({ uri: `${origin}/path`, ...request }, (error, body, answer) =>
        error === null ? resolve({ body, answer }) : reject(error),
      );
    });
  }

  it('carry method, query, headers and JSON', async () => {
    const qs = { a: 1, b: 'x y', c: undefined };
    expect((await send({ method: 'POST', qs, headers: { 'X-Odd': 7 }, json: { a: [1] } })).body).toEqual({
      fine: true,
    });
    const [{ method, url, headers, body } = {}] = server.requests;
    expect([method, url?.search, headers?.['x-odd'], String(body)]).toEqual([
      'POST',
      '?a=1&b=x+y',
      '7',
      '{"a":[1]}',
    ]);
    expect(headers?.['content-type']).toBe('application/json');
    expect(headers?.authorization).toBeUndefined();
  });

  it('are answered in gzip, and read', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    answers = { headers, body: gzipSync('{"rows":1000}') };
    expect((await send({})).body).toEqual({ rows: 1_000 });
    expect(server.requests[0]?.headers['accept-encoding']).toBe('gzip');
    expect(Buffer.from((await send({ encoding: null })).body as Buffer)).toEqual(answers.body);
  });

  it('give text that is no JSON, and bytes where they are wanted', async () => {
    answers = { body: Buffer.from('{"a":1}'), headers: { 'content-type': 'text/plain' } };
    expect((await send({})).body).toBe('{"a":1}');
    expect((await send({ encoding: null })).body).toEqual(answers.body);
  });

  it.each<[Answer, object]>([
    [
      { status: 403, json: { error: { message: 'no', errors: [{ reason: 'accessDenied' }] } } },
      { code: 403, message: 'no', errors: [{ reason: 'accessDenied' }] },
    ],
    [
      { status: 502, body: Buffer.from('Bad Gateway') },
      { code: 502, message: 'Bad Gateway', errors: [] },
    ],
    [
      { status: 302, headers: { location: '/elsewhere' } },
      { code: 302, message: 'status 302' },
    ],
    [
      { status: 429, headers: { 'retry-after': '7' } },
      { code: 429, headers: { 'retry-after': '7' } },
    ],
    [
      { status: 500, json: { error: 'odd' } },
      { code: 500, message: 'status 500', errors: [] },
    ],
    [
      { status: 404, headers: { 'content-type': 'application/json' } },
      { code: 404, message: 'status 404' },
    ],
  ])('fail with %j', async (answer, fields) => {
    answers = answer;
    const error = await send({ encoding: null }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject(fields);
  });

  it('are not sent once their call is over, though their token comes', async () => {
    const { promise, resolve } = Promise.withResolvers<Headers>();
    tokens = () => promise;
    const call = new AbortController();
    const origin = `https://127.0.0.1:${server.port}`;
    const sending = requests.run(call.signal, () => send({}, origin));
    const reason = new Error('the run is over');
    call.abort(reason);
    resolve(new Headers());
    await expect(sending).rejects.toBe(reason);
    expect([requests.sent, server.accepted]).toEqual([0, 0]);
  });

  it('end with their call, and with no other', async () => {
    const call = new AbortController();
    server.fault({ answer: 'hang' });
    const given = requests.run(call.signal, () => send({}));
    await expect.poll(() => server.requests.length).toBe(1);
    const reason = new Error('the run is over');
    call.abort(reason);
    await expect(given).rejects.toBe(reason);
    await expect.poll(() => server.connections).toBe(0);
    const next = requests.run(new AbortController().signal, () => send({}));
    expect((await next).body).toEqual({ fine: true });
    expect(requests.sent).toBe(2);
  });
});
