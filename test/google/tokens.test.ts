import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createHttpClient } from '../../src/clients/index.ts';
import { TimeoutError } from '../../src/errors/index.ts';
import { googleBigQuery, googleStorage } from '../../src/google/index.ts';
import { LoopbackServer } from '../emulators/loopback-server.ts';
import { startTlsFront, type TlsFront } from '../emulators/tls-front.ts';

const token = 'ya29.secret';

/** Where Google's libraries get tokens on Cloud Run; it answers when it is let. */
class MetadataServer {
  readonly #server = createServer((request, response) => {
    response.setHeader('metadata-flavor', 'Google');
    if (!request.url?.includes('/token')) return response.end('googleapis.com');
    this.asked += 1;
    const json = JSON.stringify({ access_token: token, expires_in: 3_600, token_type: 'Bearer' });
    return void this.gate.then(() => response.setHeader('content-type', 'application/json').end(json));
  });
  asked = 0;
  gate: Promise<void> = Promise.resolve();

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

describe('tokens', () => {
  const metadata = new MetadataServer();
  const api = new LoopbackServer(({ url }) =>
    url.pathname.includes('/storage/')
      ? { json: { items: [] } }
      : {
          json: {
            status: { state: 'DONE' },
            jobComplete: true,
            schema: { fields: [{ name: 'one', type: 'INTEGER' }] },
            rows: [{ f: [{ v: '1' }] }],
          },
        },
  );
  const trusted = tls.getCACertificates();
  let front: TlsFront;
  beforeAll(async () => {
    front = await startTlsFront(await api.listen());
    tls.setDefaultCACertificates([...trusted, front.certificate]);
    vi.stubEnv('GCE_METADATA_HOST', await metadata.listen());
    vi.stubEnv('METADATA_SERVER_DETECTION', 'assume-present');
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', undefined);
    vi.stubEnv('HOME', '/nowhere');
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    tls.setDefaultCACertificates(trusted);
    metadata.close();
    await front.close();
    await api.close();
  });
  beforeEach(() => {
    metadata.asked = 0;
    metadata.gate = Promise.resolve();
    api.requests.length = 0;
  });

  const common = () => ({ project: 'p', endpoint: front.origin, random: () => 0 });
  const clients = {
    BigQuery: () => {
      const client = googleBigQuery({ ...common(), location: 'US' });
      return { client, call: (timeout: number) => client.query('SELECT 1 AS one', { timeout }) };
    },
    'Cloud Storage': () => {
      const client = googleStorage({ ...common(), bucket: 'b' });
      return { client, call: (timeout: number) => client.list('', { timeout }) };
    },
  };

  describe.each(Object.entries(clients))('of %s', (_name, make) => {
    it('are fetched once for all, also when the first who asked gives up', async () => {
      const { client, call } = make();
      onTestFinished(() => client.close());
      const { promise, resolve } = Promise.withResolvers<void>();
      metadata.gate = promise;
      const [first, ...others] = [call(500), call(20_000), call(20_000)];
      await expect(first).rejects.toThrow(TimeoutError);
      resolve();
      expect(await Promise.all(others)).toHaveLength(2);
      expect(metadata.asked).toBe(1);
      expect(api.requests.every(({ headers }) => headers.authorization === `Bearer ${token}`)).toBe(true);
      expect(client.statistics()).toMatchObject({ requests: api.requests.length, failures: 1 });
    });

    it('get into no error', async () => {
      const { client, call } = make();
      onTestFinished(() => client.close());
      const json = {
        error: { code: 403, message: 'no', errors: [{ reason: 'accessDenied', message: 'no' }] },
      };
      api.fault({ answer: { status: 403, json } });
      const denied = await call(20_000).catch((error: unknown) => error);
      expect(api.requests[0]?.headers.authorization).toContain(token);
      expect(denied).toMatchObject({
        kind: 'permanent',
        code: 'accessDenied',
        cause: { name: 'ApiError', message: 'no', code: 403, errors: [{ reason: 'accessDenied' }] },
      });
      api.fault({ answer: 'cut', times: 3 });
      const torn = await call(20_000).catch((error: unknown) => error);
      expect(torn).toMatchObject({ kind: 'transient' });
      for (const error of [denied, torn])
        expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain(token);
    });
  });

  it('get into no error of an HTTP call', async () => {
    const http = createHttpClient();
    onTestFinished(() => http.close());
    const headers = { authorization: `Bearer ${token}` };
    for (const answer of [{ status: 403 }, 'cut'] as const) {
      api.fault({ answer });
      const error = await http.request(front.origin, { headers }).catch((error: unknown) => error);
      expect(error).toMatchObject({ name: 'ServiceError' });
      expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain(token);
    }
  });
});
