import { describe, expect, it } from 'vitest';
import { exampleBeat, heartbeatSinkContract } from '../../../test/contracts/heartbeat-sink-contract.ts';
import { startLoggingServer } from '../../../test/emulators/logging-server.ts';
import { RateLimitError } from '../../errors/index.ts';
import { type Beat, readHealth } from '../../heartbeat/index.ts';
import { VirtualClock } from '../../testing/index.ts';
import { type CloudLogging, cloudLogging, type EntriesQuery, type FoundEntry } from './cloud-logging.ts';
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

  describe('of a long day', () => {
    const minute = 60_000;
    const runs = Array.from({ length: 20 }, (_, run) => `run-${String(run).padStart(2, '0')}`);

    /** A log in which entries lie newest first, read by a thousand. */
    function log(clock: VirtualClock, beats: readonly Beat[], pagesPerMinute = 30) {
      const all = beats
        .map((beat, index): FoundEntry => {
          const labels = { status: beat.status };
          const common = { timestamp: beat.beat, severity: 'INFO', received: beat.beat } as const;
          return { ...common, insertId: `entry-${index}`, labels, payload: { beat } };
        })
        .sort((a, b) => (a.timestamp < b.timestamp ? 1 : -1));
      let pages = 0;
      const logging = {
        async entries(_: string, { since, withoutLabels = {}, after = '0' }: EntriesQuery) {
          pages += 1;
          const found = all.filter(
            ({ timestamp, labels }) => timestamp >= since && labels?.status !== withoutLabels.status,
          );
          const end = Number(after) + 1_000;
          return {
            entries: found.slice(Number(after), end),
            next: end < found.length ? String(end) : undefined,
          };
        },
      } as unknown as CloudLogging;
      return { sink: heartbeatLogSink({ logging, clock, pagesPerMinute }), pages: () => pages };
    }

    /** The beats of a run, one every so often from so long ago until so long ago. */
    function beatsOf(clock: VirtualClock, runId: string, every: number, from: number, to = 0): Beat[] {
      const count = Math.floor((from - to) / every);
      return Array.from({ length: count }, (_, index) => {
        const at = new Date(clock.wallNow() - from + (index + 1) * every).toISOString();
        return exampleBeat(clock, { runId, key: runId, sequence: index + 1, beat: at, progressed: at });
      });
    }

    it('reads little of it, and sees every run that is at work', async () => {
      const clock = new VirtualClock();
      const { sink, pages } = log(
        clock,
        runs.flatMap((run) => beatsOf(clock, run, minute, 1_440 * minute)),
      );
      const health = await readHealth({ sinks: [sink], clock });
      expect(health).toMatchObject({ blind: false, unread: [], unreadable: [] });
      expect(health.runs.map((run) => [run.beat.runId, run.health])).toEqual(
        runs.map((id) => [id, 'healthy']),
      );
      expect(pages()).toBeLessThan(5);
    });

    it('sees which run has died, and how long ago others ended', async () => {
      const clock = new VirtualClock();
      const ended = new Date(clock.wallNow() - 600 * minute).toISOString();
      const { sink } = log(clock, [
        ...runs.flatMap((run) => beatsOf(clock, run, minute, 1_440 * minute)),
        ...beatsOf(clock, 'dead', minute, 40 * minute, 16 * minute),
        exampleBeat(clock, { runId: 'ended', key: 'ended', status: 'succeeded', beat: ended, sequence: 9 }),
      ]);
      const health = await readHealth({ sinks: [sink], clock });
      expect(health.runs.filter(({ beat }) => !runs.includes(beat.runId))).toMatchObject([
        { beat: { runId: 'dead', sequence: 24 }, health: 'dead' },
        { beat: { runId: 'ended' }, health: 'ended' },
      ]);
    });

    it.each([
      ['more beats in a quarter of an hour than it may read', 1_000, 30],
      ['more than is left of the quota', 5_000, 2],
    ])('of %s it gives the newest, and calls nobody dead', async (_, every, pagesPerMinute) => {
      const clock = new VirtualClock();
      const beats = runs.flatMap((run) => beatsOf(clock, run, every, 30 * minute));
      const { sink, pages } = log(
        clock,
        [...beats, ...beatsOf(clock, 'silent', minute, 60 * minute, 20 * minute)],
        pagesPerMinute,
      );
      // What another sink knows of the silent run is old.
      const [old] = beatsOf(clock, 'silent', minute, 60 * minute);
      const other = { name: 'other', write: async () => {}, read: async () => [old as Beat] };
      const health = await readHealth({ sinks: [other, sink], clock });
      expect(health).toMatchObject({ blind: false, unread: [] });
      expect(health.unreadable.length).toBeGreaterThan(0);
      expect(health.runs.map((run) => [run.beat.runId, run.health])).toEqual([
        ...runs.map((id) => [id, 'healthy']),
        ['silent', 'unknown'],
      ]);
      expect(pages()).toBeLessThanOrEqual(10);
    });
  });
});
