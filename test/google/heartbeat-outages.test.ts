import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  cloudLogging,
  googleStorage,
  heartbeatLogSink,
  heartbeatObjectSink,
} from '../../src/google/index.ts';
import { Documents } from '../../src/google/firestore/documents.ts';
import { heartbeatDocumentSink } from '../../src/google/firestore/heartbeat-document-sink.ts';
import {
  heartbeatChain,
  type Heartbeats,
  type HeartbeatSink,
  readHealth,
} from '../../src/heartbeat/index.ts';
import { RecordingLogger } from '../../src/testing/index.ts';
import { realClock } from '../../src/time/index.ts';
import { exampleBeat } from '../contracts/heartbeat-sink-contract.ts';
import { FirestoreEmulator, skipWithoutFirestore } from '../emulators/firestore-emulator.ts';
import { type LoggingServer, startLoggingServer } from '../emulators/logging-server.ts';
import { type StorageServer, startStorageServer } from '../emulators/storage-server.ts';
import { type Network, TcpProxy } from '../emulators/tcp-proxy.ts';
import { Fleet } from './beating-fleet.ts';

const skip = skipWithoutFirestore();
const clock = realClock;

// Times are as they are in a night, but for the interval between beats and what hangs on it, which is a sixth: ten minutes of a night
// are ten intervals. So many are gone through where everything must be tested, and fewer otherwise.
const interval = 10_000;
const intervals = process.env.CI ? 10 : 2;
const runIds = Array.from({ length: 20 }, (_, index) => `run-${String(index).padStart(2, '0')}`);
const sinkTimeout = 2_000;
/** From the first bad call until the beat is in another sink. */
const longestFailover = 5_000;

describe.skipIf(skip !== undefined)(`twenty runs beating through outages${skip ? ` (${skip})` : ''}`, () => {
  let firestore: FirestoreEmulator;
  let logging: LoggingServer;
  let storage: StorageServer;
  let networks: { firestore: TcpProxy; logging: TcpProxy; storage: TcpProxy };

  beforeAll(async () => {
    [firestore, logging, storage] = await Promise.all([
      FirestoreEmulator.start(),
      startLoggingServer(),
      startStorageServer(),
    ]);
    networks = {
      firestore: await TcpProxy.before(firestore.port),
      logging: await TcpProxy.before(logging.port),
      storage: await TcpProxy.before(storage.port),
    };
  }, 90_000);
  afterAll(async () => {
    await Promise.all(Object.values(networks).map((network) => network.close()));
    await Promise.all([firestore, logging, storage].map((service) => service.close()));
  });

  let heartbeats: Heartbeats;
  let logger: RecordingLogger;
  let fleet: Fleet;
  let bad: { readonly runId: string; readonly sequence: number; readonly began: number }[];

  /** The sink, noting its writes that fail. */
  function watched(sink: HeartbeatSink): HeartbeatSink {
    return {
      ...sink,
      async write(beat, call) {
        const began = performance.now();
        try {
          await sink.write(beat, call);
        } catch (error) {
          bad.push({ runId: beat.runId, sequence: beat.sequence, began });
          throw error;
        }
      },
    };
  }

  beforeEach(async ({ onTestFinished, task }) => {
    const project = `p${task.id.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}`;
    const at = ({ port }: TcpProxy) => `http://127.0.0.1:${port}`;
    const documents = new Documents({ project, endpoint: at(networks.firestore), timeout: '60s' });
    const log = cloudLogging({ project, endpoint: at(networks.logging) });
    const circuit = { failures: Infinity };
    const objects = googleStorage({ project, bucket: project, endpoint: at(networks.storage), circuit });
    logger = new RecordingLogger();
    const folder = `beats/${project}`;
    heartbeats = heartbeatChain({
      sinks: [
        watched(heartbeatDocumentSink({ documents, clock })),
        heartbeatLogSink({ logging: log, clock, log: project, pagesPerMinute: Infinity }),
        heartbeatObjectSink({ storage: objects, clock, folder }),
      ],
      clock,
      logger,
      timeout: sinkTimeout,
      openFor: interval / 2,
    });
    bad = [];
    // Each client loads its package and connects first, which on a busy machine takes longer than a beat may.
    const { signal } = new AbortController();
    for (const sink of heartbeats.sinks)
      await sink.write(exampleBeat(clock, { runId: 'warm-up', status: 'succeeded' }), { signal });
    fleet = new Fleet(heartbeats, interval, runIds);
    onTestFinished(async () => {
      await fleet.end();
      await documents.close();
      await log.close();
      objects.close();
    });
  }, 90_000);

  /** What a monitor says, by the time-scale of the interval: a run is stale after five of them, and dead after fifteen. */
  async function health() {
    const report = await readHealth({
      sinks: heartbeats.sinks,
      clock,
      staleAfter: 5 * interval,
      deadAfter: 15 * interval,
    });
    return { ...report, runs: report.runs.filter(({ beat }) => beat.runId !== 'warm-up') };
  }

  /** Waits until a beat that is sent from now on is in the sink; how long that took. */
  async function untilBack(name = 'firestore'): Promise<number> {
    const from = performance.now();
    const isBack = () => fleet.since(from).find(({ sink }) => sink === name);
    await expect.poll(isBack, { timeout: 60_000, interval: 10 }).toBeDefined();
    return (isBack()?.over ?? Infinity) - from;
  }

  /**
   * Looks all the time, while the fleet works on; every run must be seen to be healthy. Not at the very first: a run whose only
   * beats are in a sink that can't be read is not in the report until its next one, which is elsewhere.
   */
  async function watchFor(time: number): Promise<void> {
    const from = performance.now();
    const complete = from + 1.1 * interval + longestFailover;
    for (let began = from; began < from + time; began = performance.now()) {
      const seen = (await health()).runs.map((run) => [run.beat.runId, run.health]);
      const healthy = runIds.map((id) => [id, 'healthy']);
      if (began > complete) expect(seen).toEqual(healthy);
      else expect(healthy).toEqual(expect.arrayContaining(seen));
      await wait(interval / 4);
    }
  }

  /** No run has fallen behind one that does not beat, by more than the steps that are just being made. */
  function expectNoDelay(): void {
    expect(fleet.steps).toBeGreaterThan(20);
    expect(fleet.behind()).toBeLessThanOrEqual(2);
  }

  const outages: [string, () => Promise<void> | void, () => Promise<void> | void][] = [
    ['refused', () => networks.firestore.set('refuse'), () => networks.firestore.set('pass')],
    ['black-holed', () => networks.firestore.set('hold'), () => networks.firestore.set('pass')],
    ['frozen', () => firestore.freeze(), () => firestore.thaw()],
    [
      'slow',
      () => networks.firestore.set({ delay: 2 * sinkTimeout }),
      async () => {
        await networks.firestore.set('pass');
        // What is on its way still takes its time, and what comes after it must wait.
        await wait(2 * sinkTimeout);
      },
    ],
  ];
  it.each(outages)(
    `lose none while Firestore is %s for ${intervals} intervals, and are back in it within one`,
    async (_name, begin, end) => {
      await untilBack();
      await begin();
      const away = performance.now();
      let back: number;
      try {
        await watchFor(intervals * interval);
        expect(heartbeats.statistics()).toMatchObject({ lost: 0, degraded: true });
        expectNoDelay();
      } finally {
        await end();
        back = await untilBack();
      }
      expect(back).toBeLessThanOrEqual(interval);
      const during = fleet.since(away);
      expect(during.length).toBeGreaterThan(intervals * runIds.length);
      const first = bad.find(({ began }) => began >= away);
      const failedOver = during.find(
        ({ beat }) => beat.runId === first?.runId && beat.sequence === first.sequence,
      );
      expect(failedOver).toMatchObject({ sink: 'cloud_logging' });
      expect((failedOver?.over ?? Infinity) - (first?.began ?? 0)).toBeLessThanOrEqual(longestFailover);
      // The same holds of every later one.
      for (const { sent, over } of during)
        if (over !== undefined) expect(over - sent).toBeLessThanOrEqual(longestFailover);
      await fleet.end();
      expect(fleet.beats.every(({ sink }) => sink !== undefined)).toBe(true);
      expect(heartbeats.statistics()).toMatchObject({ lost: 0, degraded: false });
      // What was given up and has landed late has brought no older beat back.
      const { runs } = await health();
      expect(runs.map((run) => [run.health, run.beat.sequence])).toEqual(
        runIds.map((id) => [
          'ended',
          Math.max(...fleet.beats.filter(({ beat }) => beat.runId === id).map(({ beat }) => beat.sequence)),
        ]),
      );
    },
    400_000,
  );

  it('go on to the third sink when the first two are away', async () => {
    await untilBack();
    await networks.firestore.set('refuse');
    await networks.logging.set('refuse');
    const away = performance.now();
    try {
      await watchFor(2 * interval);
      const { unread } = await health();
      expect(unread.map(({ sink }) => sink)).toEqual(['firestore', 'cloud_logging']);
      // The better of those that are back is in use.
      await networks.logging.set('pass');
      expect(await untilBack('cloud_logging')).toBeLessThanOrEqual(interval);
      await networks.firestore.set('pass');
      expect(await untilBack()).toBeLessThanOrEqual(interval);
    } finally {
      await networks.firestore.set('pass');
      await networks.logging.set('pass');
    }
    expect(fleet.since(away).filter(({ sink }) => sink === 'cloud_storage').length).toBeGreaterThan(20);
    expect(heartbeats.statistics().lost).toBe(0);
  }, 180_000);

  it('count and log what is lost when all three are away, and go on; nobody is called dead', async () => {
    await untilBack();
    const down: Network = 'refuse';
    const all = Object.values(networks);
    for (const network of all) await network.set(down);
    try {
      for (const end = performance.now() + 2 * interval; performance.now() < end; await wait(interval / 4))
        expect(await health()).toMatchObject({ blind: true, runs: [] });
      expectNoDelay();
      // The third alone, while the others stay away.
      await networks.storage.set('pass');
      expect(await untilBack('cloud_storage')).toBeLessThanOrEqual(interval);
    } finally {
      for (const network of all) await network.set('pass');
    }
    expect(await untilBack()).toBeLessThanOrEqual(interval);
    const lost = fleet.beats.filter(({ sink, over }) => sink === undefined && over !== undefined).length;
    expect(lost).toBeGreaterThan(20);
    expect(heartbeats.statistics().lost).toBe(lost);
    expect(logger.lines.find(({ level }) => level === 'error')).toMatchObject({
      message: 'a heartbeat reached no sink; 1 lost in this outage',
    });
    expect(logger.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', fields: expect.objectContaining({ lostInAll: lost }) }),
    );
    await watchFor(interval);
  }, 180_000);
});
