import { describe, expect, it } from 'vitest';
import { exampleBeat, heartbeatSinkContract } from '../../../test/contracts/heartbeat-sink-contract.ts';
import { startLoggingServer } from '../../../test/emulators/logging-server.ts';
import { RateLimitError } from '../../errors/index.ts';
import { VirtualClock } from '../../testing/index.ts';
import { cloudLogging } from './cloud-logging.ts';
import { heartbeatLogSink } from './heartbeat-log-sink.ts';

async function place(pagesPerMinute = Infinity) {
  const server = await startLoggingServer();
  const clock = new VirtualClock();
  const logging = cloudLogging({ project: 'project', endpoint: `http://127.0.0.1:${server.port}` });
  const sink = heartbeatLogSink({ logging, clock, pagesPerMinute });
  const other = heartbeatLogSink({ logging, clock, pagesPerMinute });
  const close = async () => {
    await logging.close();
    await server.close();
  };
  return { server, clock, sink, other, close };
}

heartbeatSinkContract('Cloud Logging', () => place());

describe('heartbeats in Cloud Logging', () => {
  const { signal } = new AbortController();

  it('reads no more than its share of the quota', async () => {
    const { sink, clock, server, close } = await place(2);
    await sink.read({ signal });
    await sink.read({ signal });
    await expect(sink.read({ signal })).rejects.toThrow(RateLimitError);
    expect(server.calls).toHaveLength(2);
    await clock.advance('1m');
    expect(await sink.read({ signal })).toEqual([]);
    await close();
  });

  it('reads all pages of what several thousand beats have left', async () => {
    const { sink, clock, server, close } = await place();
    for (let sequence = 1; sequence <= 2_500; sequence++) {
      const run = sequence % 7;
      await sink.write(exampleBeat(clock, { runId: `run-${run}`, sequence }), { signal });
    }
    const beats = await sink.read({ signal });
    expect(beats.map(({ sequence }) => sequence).sort()).toEqual([2494, 2495, 2496, 2497, 2498, 2499, 2500]);
    expect(server.calls.filter((call) => call === 'ListLogEntries')).toHaveLength(3);
    await close();
  });

  it('shows an entry that holds no beat, and reads the others', async () => {
    const { sink, clock, server, close } = await place();
    await sink.write(exampleBeat(clock), { signal });
    const logging = cloudLogging({ project: 'project', endpoint: `http://127.0.0.1:${server.port}` });
    const timestamp = new Date(clock.wallNow()).toISOString();
    await logging.write('breakwater-heartbeats', [
      { timestamp, severity: 'INFO', insertId: 'odd', payload: { beat: 1 } },
    ]);
    const unreadable: unknown[] = [];
    expect(await sink.read({ signal, unreadable: (record) => unreadable.push(record) })).toHaveLength(1);
    expect(unreadable).toMatchObject([{ record: 'odd' }]);
    await logging.close();
    await close();
  });
});
