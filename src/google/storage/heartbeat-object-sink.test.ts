import { describe, expect, it } from 'vitest';
import { exampleBeat, heartbeatSinkContract } from '../../../test/contracts/heartbeat-sink-contract.ts';
import { startStorageServer } from '../../../test/emulators/storage-server.ts';
import type { CallOptions, ListOptions, StorageClient } from '../../clients/index.ts';
import { type Beat, readHealth } from '../../heartbeat/index.ts';
import { VirtualClock } from '../../testing/index.ts';
import { sleep } from '../../time/index.ts';
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

  describe('by the thousand', () => {
    const count = 1_500;

    /** A folder of as many objects, last written to so long ago, in which everything takes its time. */
    function folder(clock: VirtualClock, age: number) {
      const at = new Date(clock.wallNow() - age).toISOString();
      const expires = new Date(clock.wallNow() - age + 86_400_000).toISOString();
      const made = Array.from({ length: count }, (_, index) => {
        const runId = `run-${String(index).padStart(5, '0')}`;
        return [`beats/${runId}.json`, exampleBeat(clock, { runId, key: runId, beat: at, expires })] as const;
      });
      const left = new Map<string, Beat>(made);
      const reads: string[] = [];
      const of = (path: string) => ({ path, generation: 1, size: 1, updated: at });
      const storage = {
        async list(_: string, { after = '', limit = 1_000, signal }: ListOptions) {
          await sleep(clock, 50, signal);
          return [...left.keys()]
            .filter((path) => path > after)
            .slice(0, limit)
            .map(of);
        },
        async read(path: string, { signal }: CallOptions) {
          await sleep(clock, 60, signal);
          reads.push(path);
          const beat = left.get(path);
          return beat && { object: of(path), data: Buffer.from(JSON.stringify(beat)) };
        },
        async delete(path: string, { signal }: CallOptions) {
          await sleep(clock, 30, signal);
          return left.delete(path);
        },
      } as unknown as StorageClient;
      const sink = heartbeatObjectSink({ storage, clock, folder: 'beats' });
      return { sink, left, reads };
    }

    it('does not read those that nobody has written to for a day, and deletes some with every look', async () => {
      const clock = new VirtualClock();
      const { sink, left, reads } = folder(clock, 2 * 86_400_000);
      const sizes: number[] = [];
      for (let look = 0; look < 3; look++) {
        expect(await clock.runUntil(readHealth({ sinks: [sink], clock }))).toMatchObject({
          unread: [],
          runs: [],
        });
        sizes.push(left.size);
      }
      expect(sizes).toEqual([1_450, 1_400, 1_350]);
      expect(reads).toEqual([]);
    });

    it('goes on where a look that ran out of time has stopped', async () => {
      const clock = new VirtualClock();
      const { sink, reads } = folder(clock, 60_000);
      const look = () => clock.runUntil(readHealth({ sinks: [sink], clock }));
      const looks = [await look(), await look(), await look()];
      expect(looks.map(({ unread }) => unread.length)).toEqual([1, 1, 0]);
      expect(looks[2]?.runs).toHaveLength(count);
      expect(new Set(reads).size).toBe(count);
      // But for those that were on their way.
      expect(reads.length).toBeLessThan(1.05 * count);
    });
  });
});
