import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Received } from '../../../test/emulators/loopback-server.ts';
import { startStorageServer, type StorageServer } from '../../../test/emulators/storage-server.ts';
import { TcpProxy } from '../../../test/emulators/tcp-proxy.ts';
import { InvalidDataError, TimeoutError } from '../../errors/index.ts';
import { type GoogleStorage, googleStorage } from './google-storage.ts';

const size = 18_000_000;

describe('streams of Cloud Storage', () => {
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

  const clientOf = (port: number) =>
    googleStorage({ project: 'p', bucket: 'b', endpoint: `http://127.0.0.1:${port}`, random: () => 0 });
  const save = (options = {}) => client.save('large', bytes(), options);
  const puts = () => server.requests.filter(isPut);
  const whole = async (path = 'large') => Buffer.from((await client.read(path))?.data ?? []);
  const received = async (options = {}) => {
    const found = await client.readStream('large', options);
    const chunks: Uint8Array[] = [];
    for await (const chunk of found?.data ?? []) chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  it('are sent in pieces of 8 MiB, each once', async () => {
    expect(await save()).toMatchObject({ path: 'large', size });
    expect(puts().map(({ headers }) => headers['content-range'])).toEqual([
      'bytes 0-8388607/*',
      'bytes 8388608-16777215/*',
      `bytes 16777216-17999999/${size}`,
    ]);
    // What is there, the session, and its pieces.
    expect(server.requests.map(({ method }) => method)).toEqual(['GET', 'POST', 'PUT', 'PUT', 'PUT']);
    expect((await whole()).equals(expected)).toBe(true);
  });

  it.each([0, 1, 2])(
    'ask how far they came when the answer to piece %d is lost, and send no byte twice',
    async (lost) => {
      let piece = -1;
      const match = (request: Received) => isPut(request) && ++piece === lost;
      server.fault({ match, answer: 'cut', after: true });
      expect(await save()).toMatchObject({ size });
      const ranges = puts().map(({ headers }) => headers['content-range']);
      expect(ranges).toHaveLength(4);
      expect(ranges[lost + 1]).toBe(lost === 2 ? `bytes */${size}` : 'bytes */*');
      expect((await whole()).equals(expected)).toBe(true);
      expect(await client.list('')).toHaveLength(1);
    },
  );

  it('send the rest of a piece of which only a part arrived', async () => {
    server.tear(1_000_000);
    expect(await save()).toMatchObject({ size });
    expect(puts().map(({ headers }) => headers['content-range'])[1]).toBe('bytes 1000000-8388607/*');
    expect((await whole()).equals(expected)).toBe(true);
  });

  it('leave no half object when a piece can’t be sent, after three tries', async () => {
    await client.save('large', 'before');
    let piece = 0;
    const match = (request: Received) => isPut(request) && ++piece >= 2;
    server.fault({ match, answer: { status: 503 }, times: 10 });
    await expect(save()).rejects.toMatchObject({ kind: 'transient', code: '503' });
    expect(puts()).toHaveLength(4);
    expect((await whole()).toString()).toBe('before');
  });

  it('replace what was there when they began, and nothing newer', async () => {
    await client.save('large', 'before');
    const overtaken = (async function* () {
      yield* bytes();
      await client.save('large', 'newer');
    })();
    const saving = client.save('large', overtaken);
    await expect(saving).rejects.toMatchObject({ kind: 'transient', code: 'overtaken' });
    expect((await whole()).toString()).toBe('newer');
    expect(await save()).toMatchObject({ size });
  });

  it('begin anew where others wrote before they had sent a byte', async () => {
    const opens = ({ method, url }: Received) =>
      method === 'POST' && url.searchParams.get('uploadType') === 'resumable';
    const other = clientOf(server.port);
    const meanwhile = () => other.save('large', 'theirs');
    server.fault({ match: opens, answer: { status: 412 }, meanwhile });
    expect(await save()).toMatchObject({ size });
    expect((await whole()).equals(expected)).toBe(true);
    await other.close();
  });

  it('replace nothing newer with a piece that lands after its caller gave up', async () => {
    const call = new AbortController();
    const reason = new Error('the run is over');
    const source = (async function* () {
      yield expected.subarray(0, 9_000_000);
      await expect.poll(() => puts().length).toBe(1);
      call.abort(reason);
    })();
    await expect(client.save('large', source, { signal: call.signal })).rejects.toBe(reason);
    const newer = await client.save('large', 'newer');
    // What was on its way arrives now.
    const session = puts()[0]?.url;
    const late = await fetch(`http://127.0.0.1:${server.port}${session?.pathname}${session?.search}`, {
      method: 'PUT',
      headers: { 'content-range': 'bytes 8388608-8999999/9000000' },
      body: expected.subarray(8_388_608, 9_000_000),
    });
    expect(late.status).toBe(412);
    expect(await client.list('')).toEqual([newer]);
  });

  it('cut within the bytes of a request leave no half object', async () => {
    const proxy = await TcpProxy.before(server.port);
    const torn = clientOf(proxy.port);
    const source = (async function* () {
      yield* bytes();
      await proxy.set('reset');
    })();
    await expect(torn.save('large', source)).rejects.toMatchObject({ kind: 'transient' });
    expect(await client.list('')).toEqual([]);
    torn.close();
    await proxy.close();
  });

  it('tell the service their checksum, and take back what is not theirs', async () => {
    const json = { generation: '7', size: String(size), updated: '2026-01-16T00:00:00Z', crc32c: 'AAAAAA==' };
    server.fault({ match: ({ headers }) => headers['x-goog-hash'] !== undefined, answer: { json } });
    await expect(save()).rejects.toThrow(InvalidDataError);
    const [taken] = server.requests.filter(({ method }) => method === 'DELETE');
    expect(taken?.url.searchParams.get('ifGenerationMatch')).toBe('7');
    server.fault({ match: isPut, answer: { status: 400 }, times: 1 });
    await expect(save()).rejects.toMatchObject({ kind: 'permanent' });
  });

  it.each(['save', 'read'] as const)(
    'end their request when a caller gives up the %s, or it takes too long',
    async (what) => {
      await save();
      const proxy = await TcpProxy.before(server.port);
      const held = clientOf(proxy.port);
      for (const way of ['abort', 'late'] as const) {
        await proxy.set('pass');
        const call = new AbortController();
        const options = way === 'abort' ? { signal: call.signal } : { timeout: 2_000 };
        const found = await held.readStream('large', options);
        // The second piece is held: what has left with the last one may land, whoever has given up.
        const source = (async function* () {
          let given = 0;
          for await (const chunk of bytes()) {
            given += 1;
            if (given === 10) await proxy.set('hold');
            yield chunk;
          }
        })();
        const read = async () => {
          for await (const chunk of found?.data ?? []) if (chunk.length > 0) await proxy.set('hold');
        };
        const ended = what === 'save' ? held.save('new', source, options) : read();
        const outcome = ended.catch((error: unknown) => error);
        const reason = new Error('the run is over');
        if (way === 'abort') setTimeout(() => call.abort(reason), 500);
        if (way === 'abort') expect(await outcome).toBe(reason);
        else expect(await outcome).toBeInstanceOf(TimeoutError);
        await proxy.set('pass');
        await expect.poll(() => proxy.connections).toBe(0);
      }
      expect(await client.list('new')).toEqual([]);
      held.close();
      await proxy.close();
    },
  );

  it('do not blame the service for a source that fails', async () => {
    const broken = new Error('the disk is gone');
    const source = async function* () {
      yield 'half';
      throw broken;
    };
    for (let time = 0; time < 6; time++) await expect(client.save('new', source())).rejects.toBe(broken);
    expect(client.statistics()).toMatchObject({ failures: 6, circuit: 'closed' });
  });

  it('ask again for the chunk whose answer broke off, and for no other', async () => {
    await save();
    let chunk = 0;
    server.fault({ match: (request) => isMedia(request) && ++chunk === 2, answer: 'cut', after: true });
    expect((await received()).equals(expected)).toBe(true);
    expect(server.requests.filter(isMedia).map(({ headers }) => headers.range)).toEqual([
      'bytes=0-8388607',
      'bytes=8388608-16777215',
      'bytes=8388608-16777215',
      'bytes=16777216-17999999',
    ]);
  });

  it('end at once where a chunk is to wait for longer than its time', async () => {
    await save();
    const answer = { status: 503, headers: { 'retry-after': '3600' } };
    server.fault({ match: isMedia, answer });
    await expect(received({ timeout: '50m' })).rejects.toMatchObject({ code: '503', retryAfter: 3_600_000 });
    expect(server.requests.filter(isMedia)).toHaveLength(1);
  });

  it('end in an error where the bytes do not have their checksum', async () => {
    await save();
    server.corrupt('large');
    await expect(received().then(({ length }) => length)).rejects.toThrow(InvalidDataError);
  });

  it('end in an error when the object is overwritten meanwhile', async () => {
    await save();
    const found = await client.readStream('large');
    const reading = async () => {
      for await (const chunk of found?.data ?? []) if (chunk.length > 0) await client.save('large', 'new');
    };
    await expect(reading()).rejects.toMatchObject({ code: 'overwritten', kind: 'transient' });
  });

  it('are what an object has to be read as that memory should not hold', async () => {
    const json = { generation: '7', size: '300000000', updated: '2026-01-16T00:00:00Z' };
    server.fault({ answer: { json } });
    await expect(client.read('huge')).rejects.toThrow(InvalidDataError);
    expect(server.requests.filter(isMedia)).toEqual([]);
  });
});

const isPut = ({ method }: Received) => method === 'PUT';
const isMedia = ({ url }: Received) => url.searchParams.get('alt') === 'media';

const expected = Buffer.alloc(size);
for (let index = 0; index < size; index += 4) expected.writeUInt32LE(index, index);

async function* bytes(): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < size; start += 1_000_003) yield expected.subarray(start, start + 1_000_003);
}
