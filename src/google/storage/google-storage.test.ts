import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storageContract } from '../../../test/contracts/storage-contract.ts';
import type { Received } from '../../../test/emulators/loopback-server.ts';
import { startStorageServer, type StorageServer } from '../../../test/emulators/storage-server.ts';
import { TcpProxy } from '../../../test/emulators/tcp-proxy.ts';
import { InvalidDataError, PreconditionError, TimeoutError } from '../../errors/index.ts';
import { VirtualClock } from '../../testing/index.ts';
import { type GoogleStorage, googleStorage } from './google-storage.ts';

const clientOf = (port: number) =>
  googleStorage({
    project: 'project',
    bucket: 'bucket',
    endpoint: `http://127.0.0.1:${port}`,
    random: () => 0,
  });

storageContract('Cloud Storage', async () => {
  const server = await startStorageServer();
  const [client, other] = [clientOf(server.port), clientOf(server.port)];
  return {
    client,
    other,
    until: (call) => call,
    async close() {
      client.close();
      other.close();
      await server.close();
    },
  };
});

describe('Cloud Storage', () => {
  let server: StorageServer;
  let client: GoogleStorage;
  beforeEach(async () => {
    server = await startStorageServer();
    client = clientOf(server.port);
  });
  afterEach(async () => {
    client.close();
    await server.close();
  });

  const uploads = () => server.count('POST', /^\/upload\//);
  const isUpload = ({ method }: { method: string }) => method === 'POST';

  it('sends a save again after a 503, and adopts the one that had landed', async () => {
    server.fault({ match: isUpload, answer: { status: 503 }, after: true });
    const saved = await client.save('state', 'mine', { ifGeneration: 0 });
    expect(uploads()).toBe(2);
    expect(await client.list('')).toEqual([saved]);
  });

  it('tells a save that was overtaken while its answer was lost from its own', async () => {
    const other = clientOf(server.port);
    const meanwhile = () => other.save('state', 'theirs', { ifGeneration: 0 });
    server.fault({ match: isUpload, answer: { status: 503 }, meanwhile });
    await expect(client.save('state', 'mine', { ifGeneration: 0 })).rejects.toThrow(PreconditionError);
    expect(new TextDecoder().decode((await client.read('state'))?.data)).toBe('theirs');
    other.close();
  });

  it('tells a delete whose answer was lost from one of nothing', async () => {
    await client.save('old', '1');
    server.fault({ match: ({ method }) => method === 'DELETE', answer: { status: 503 }, after: true });
    expect(await client.delete('old')).toBe(true);
    expect(await client.delete('old')).toBe(false);
  });

  it.each([
    [429, 'throttled'],
    [503, 'transient'],
    [403, 'permanent'],
  ])('shows a %d that stays as %s, after three requests at most', async (status, kind) => {
    server.fault({ answer: { status }, times: 10 });
    const failing = client.save('x', '1', { ifGeneration: 0 });
    await expect(failing).rejects.toMatchObject({ service: 'storage', kind, code: String(status) });
    expect(uploads()).toBe(kind === 'permanent' ? 1 : 3);
  });

  it('unpacks what is stored packed, and checks it as it is stored', async () => {
    const packed = gzipSync('true figures');
    await client.save('report', packed);
    const media = ({ url }: Received) => url.searchParams.get('alt') === 'media';
    const headers = { 'content-type': 'text/plain', 'content-encoding': 'gzip' };
    server.fault({ match: media, answer: { headers, body: packed } });
    expect(new TextDecoder().decode((await client.read('report'))?.data)).toBe('true figures');
    server.fault({ match: media, answer: { headers, body: packed.subarray(1) } });
    await expect(client.read('report')).rejects.toThrow('checksum');
    await client.save('report', 'never packed');
    server.fault({ match: media, answer: { headers, body: Buffer.from('never packed') } });
    await expect(client.read('report')).rejects.toThrow(InvalidDataError);
  });

  it('reads again when an answer breaks off', async () => {
    await client.save('report', 'x'.repeat(10_000));
    server.fault({ match: ({ url }) => url.searchParams.get('alt') === 'media', answer: 'cut', after: true });
    expect((await client.read('report'))?.data).toHaveLength(10_000);
  });

  it('gives no bytes that do not have their checksum', async () => {
    await client.save('report', 'true figures');
    server.corrupt('report');
    await expect(client.read('report')).rejects.toThrow(InvalidDataError);
  });

  const wrong = { generation: '7', size: '1', updated: '2026-01-16T00:00:00Z', crc32c: 'AAAAAA==' };

  it('takes back a save of which the service has other bytes, and nothing that came after it', async () => {
    const theirs = await client.save('state', 'theirs');
    server.fault({ match: isUpload, answer: { json: wrong } });
    const saving = client.save('state', 'mine', { ifGeneration: theirs.generation });
    await expect(saving).rejects.toThrow(InvalidDataError);
    const [taken, ...others] = server.requests.filter(({ method }) => method === 'DELETE');
    expect([taken?.url.search, others]).toEqual(['?ifGenerationMatch=7', []]);
    expect(await client.list('')).toEqual([theirs]);
  });

  it('takes back one that it finds to have landed with other bytes', async () => {
    server.fault({ match: isUpload, answer: { status: 503 }, after: true });
    const ours = async () => {
      const [sent] = server.requests.filter(isUpload);
      const mark = /"breakwater-write":"([^"]+)"/.exec(String(sent?.body))?.[1];
      const json = { ...wrong, metadata: { 'breakwater-write': mark } };
      server.fault({ match: ({ method }) => method === 'GET', answer: { json } });
    };
    server.fault({ match: isUpload, answer: { status: 412 }, meanwhile: ours });
    await expect(client.save('state', 'mine', { ifGeneration: 0 })).rejects.toThrow(InvalidDataError);
    expect(server.count('DELETE', /state/)).toBe(1);
  });

  it('has the service refuse bytes that arrive damaged', async () => {
    server.garble();
    const saving = client.save('state', 'mine', { ifGeneration: 0 });
    await expect(saving).rejects.toMatchObject({ kind: 'permanent', code: 'invalid' });
    expect(server.requests.map(({ method }) => method)).toEqual(['POST']);
    expect(await client.list('')).toEqual([]);
  });

  it('keeps content type and bytes apart from what parts a request', async () => {
    const bytes = '\r\n--x\r\n\r\n--';
    await client.save('odd', bytes, { contentType: 'text/x-odd' });
    expect(new TextDecoder().decode((await client.read('odd'))?.data)).toBe(bytes);
    expect(String(server.requests.find(isUpload)?.body)).toContain('Content-Type: text/x-odd');
  });

  it('shares its connections among its calls, and with no other client', async () => {
    const other = clientOf(server.port);
    for (let round = 0; round < 4; round++)
      await Promise.all(Array.from({ length: 50 }, () => client.list('')));
    expect(server.requests).toHaveLength(200);
    expect(server.accepted).toBeGreaterThan(1);
    expect(server.accepted).toBeLessThanOrEqual(32);
    const before = server.accepted;
    await other.list('');
    expect(server.accepted).toBe(before + 1);
    await client.close();
    await expect.poll(() => server.connections).toBe(1);
    await other.list('');
    expect(server.accepted).toBe(before + 1);
    await expect(client.list('')).rejects.toMatchObject({ code: 'closed' });
    await other.close();
    await expect.poll(() => server.connections).toBe(0);
  });

  it('gives up at once where it is asked to stay away for longer than the call has', async () => {
    const answer = { status: 429, headers: { 'retry-after': '3600' } };
    server.fault({ answer, times: 10 });
    const { clock, patient } = onVirtualTime();
    const listing = patient.list('').catch((error: unknown) => error);
    expect(await listing).toMatchObject({ kind: 'throttled', code: '429', retryAfter: 3_600_000 });
    expect([server.requests.length, clock.now()]).toEqual([1, 0]);
    await patient.close();
  });

  it('stays away for as long as it is asked to where the call has the time', async () => {
    server.fault({ answer: { status: 503, headers: { 'retry-after': '20' } } });
    const { clock, patient } = onVirtualTime();
    const listing = patient.list('');
    await expect.poll(() => clock.pendingTimers).toBe(1);
    await expect.poll(() => server.requests.length).toBe(1);
    while (server.requests.length < 2) {
      await new Promise((resolve) => setImmediate(resolve));
      await clock.advance('1s');
    }
    expect(await listing).toEqual([]);
    expect(clock.now()).toBeGreaterThanOrEqual(20_000);
    expect(clock.now()).toBeLessThan(30_000);
    await patient.close();
  });

  it('closes its circuit after a probe that was given more time than others, and took it', async () => {
    const circuit = { failures: 1, openFor: '1m', probes: 1 } as const;
    const { clock, patient } = onVirtualTime({ attempts: 1, circuit });
    server.fault({ answer: { status: 503 } });
    await expect(patient.list('')).rejects.toMatchObject({ code: '503' });
    expect(patient.statistics().circuit).toBe('open');
    await clock.advance('1m');
    const meanwhile = () => clock.advance('50m');
    server.fault({ answer: { json: {} }, meanwhile });
    expect(await patient.list('', { timeout: '55m' })).toEqual([]);
    expect(patient.statistics().circuit).toBe('closed');
    await patient.close();
  });

  const onVirtualTime = (options = {}) => {
    const clock = new VirtualClock();
    const endpoint = `http://127.0.0.1:${server.port}`;
    const common = { project: 'project', bucket: 'bucket', endpoint, random: () => 0 };
    return { clock, patient: googleStorage({ ...common, clock, ...options }) };
  };

  it('is bounded when the server does not answer, and leaves no request behind', async () => {
    const proxy = await TcpProxy.before(server.port);
    const held = clientOf(proxy.port);
    await held.save('a', '1');
    await proxy.set('hold');
    await expect(held.read('a', { timeout: 100 })).rejects.toThrow(TimeoutError);
    await expect(held.save('a', '2', { timeout: 100 })).rejects.toThrow(TimeoutError);
    await proxy.set('pass');
    await expect.poll(() => proxy.connections).toBe(0);
    expect(new TextDecoder().decode((await held.read('a'))?.data)).toBe('1');
    held.close();
    await proxy.close();
  });

  it('gives the reason of a caller who gives up during the call, unchanged', async () => {
    const caller = new AbortController();
    server.fault({ answer: 'hang' });
    const reading = client.read('a', { signal: caller.signal });
    const reason = new Error('the run is over');
    caller.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });
});
