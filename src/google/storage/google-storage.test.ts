import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storageContract } from '../../../test/contracts/storage-contract.ts';
import { startStorageServer, type StorageServer } from '../../../test/emulators/storage-server.ts';
import { TcpProxy } from '../../../test/emulators/tcp-proxy.ts';
import { InvalidDataError, PreconditionError, TimeoutError } from '../../errors/index.ts';
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
