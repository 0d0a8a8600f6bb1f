import { describe, expect, it } from 'vitest';
import { exampleBeat, heartbeatSinkContract } from '../../../test/contracts/heartbeat-sink-contract.ts';
import { startStorageServer } from '../../../test/emulators/storage-server.ts';
import { VirtualClock } from '../../testing/index.ts';
import { googleStorage } from './google-storage.ts';
import { heartbeatObjectSink } from './heartbeat-object-sink.ts';

async function place() {
  const server = await startStorageServer();
  const clock = new VirtualClock();
  const endpoint = `http://127.0.0.1:${server.port}`;
  const storage = googleStorage({ project: 'project', bucket: 'bucket', endpoint, random: () => 0 });
  return {
    server,
    clock,
    storage,
    sink: heartbeatObjectSink({ storage, clock }),
    other: heartbeatObjectSink({ storage, clock }),
    async close() {
      storage.close();
      await server.close();
    },
  };
}

heartbeatSinkContract('Cloud Storage', place);

describe('heartbeats in Cloud Storage', () => {
  const { signal } = new AbortController();

  it('lands a beat that came within a second of the one before', async () => {
    const { sink, clock, server, close } = await place();
    await sink.write(exampleBeat(clock), { signal });
    server.fault({ match: ({ method }) => method === 'POST', answer: { status: 429 } });
    await sink.write(exampleBeat(clock, { sequence: 2, status: 'succeeded' }), { signal });
    expect(await sink.read({ signal })).toMatchObject([{ sequence: 2 }]);
    await close();
  });

  it('does not read an object again that nobody has written to', async () => {
    const { sink, clock, server, close } = await place();
    await sink.write(exampleBeat(clock, { runId: 'run-1' }), { signal });
    await sink.write(exampleBeat(clock, { runId: 'run-2' }), { signal });
    await sink.read({ signal });
    const before = server.requests.length;
    expect(await sink.read({ signal })).toHaveLength(2);
    expect(server.requests.length - before).toBe(1);
    await close();
  });

  it('deletes what has expired, and shows what holds no beat', async () => {
    const { sink, clock, storage, close } = await place();
    await sink.write(exampleBeat(clock), { signal });
    await storage.save('breakwater/heartbeats/odd.json', '{}');
    await clock.advance('25h');
    const unreadable: unknown[] = [];
    expect(await sink.read({ signal, unreadable: (record) => unreadable.push(record) })).toEqual([]);
    expect(unreadable).toMatchObject([{ record: 'breakwater/heartbeats/odd.json' }]);
    expect((await storage.list('')).map(({ path }) => path)).toEqual(['breakwater/heartbeats/odd.json']);
    await close();
  });
});
