import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  cloudLogging,
  googleStorage,
  heartbeatLogSink,
  heartbeatObjectSink,
} from '../../src/google/index.ts';
import { Documents } from '../../src/google/firestore/documents.ts';
import { heartbeatDocumentSink } from '../../src/google/firestore/heartbeat-document-sink.ts';
import { heartbeatChain, type Heartbeats, readHealth } from '../../src/heartbeat/index.ts';
import { RecordingLogger } from '../../src/testing/index.ts';
import { realClock } from '../../src/time/index.ts';
import { exampleBeat } from '../contracts/heartbeat-sink-contract.ts';
import { FirestoreEmulator, skipWithoutFirestore } from '../emulators/firestore-emulator.ts';
import { type LoggingServer, startLoggingServer } from '../emulators/logging-server.ts';
import { type StorageServer, startStorageServer } from '../emulators/storage-server.ts';
import { type Network, TcpProxy } from '../emulators/tcp-proxy.ts';

const skip = skipWithoutFirestore();
const clock = realClock;

// Ten minutes are so many rounds here, one right after the other; an open circuit is probed in each.
const rounds = 6;
const runs = Array.from({ length: 20 }, (_, index) => `run-${String(index).padStart(2, '0')}`);
const sinkTimeout = 2_000;

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
  let sequence: number;
  beforeEach(async ({ onTestFinished, task }) => {
    const project = `p${task.id.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}`;
    const at = ({ port }: TcpProxy) => `http://127.0.0.1:${port}`;
    const documents = new Documents({ project, endpoint: at(networks.firestore), timeout: '60s' });
    const log = cloudLogging({ project, endpoint: at(networks.logging) });
    const objects = googleStorage({ project, bucket: project, endpoint: at(networks.storage) });
    logger = new RecordingLogger();
    const folder = `beats/${project}`;
    heartbeats = heartbeatChain({
      sinks: [
        heartbeatDocumentSink({ documents, clock }),
        heartbeatLogSink({ logging: log, clock, log: project, pagesPerMinute: Infinity }),
        heartbeatObjectSink({ storage: objects, clock, folder }),
      ],
      clock,
      logger,
      timeout: sinkTimeout,
      openFor: 1,
    });
    sequence = 0;
    // Each client loads its package and connects first, which on a busy machine takes longer than a beat may.
    const { signal } = new AbortController();
    for (const sink of heartbeats.sinks)
      await sink.write(exampleBeat(clock, { runId: 'warm-up', status: 'succeeded' }), { signal });
    onTestFinished(async () => {
      await documents.close();
      await log.close();
      objects.close();
    });
  }, 90_000);

  /** Every run beats once; where the beats went, by sink. */
  async function round(): Promise<Record<string, number>> {
    sequence += 1;
    const deliveries = await Promise.all(
      runs.map((runId) => heartbeats.send(exampleBeat(clock, { runId, key: `key/${runId}`, sequence }))),
    );
    const taken = deliveries.map((delivery) => ('sink' in delivery ? delivery.sink : 'lost'));
    return Object.fromEntries(
      [...new Set(taken)].map((sink) => [sink, taken.filter((one) => one === sink).length]),
    );
  }

  async function health() {
    const report = await readHealth({ sinks: heartbeats.sinks, clock, timeout: 2_000 });
    return { ...report, runs: report.runs.filter(({ beat }) => beat.runId !== 'warm-up') };
  }

  /** Rounds until all beats are in the first sink again, which has to connect first. */
  async function untilBack(): Promise<void> {
    await expect
      .poll(async () => (await round()).firestore, { timeout: 60_000, interval: 10 })
      .toBe(runs.length);
  }

  const outages: [string, () => Promise<void> | void, () => Promise<void> | void][] = [
    ['refused', () => networks.firestore.set('refuse'), () => networks.firestore.set('pass')],
    ['black-holed', () => networks.firestore.set('hold'), () => networks.firestore.set('pass')],
    ['frozen', () => firestore.freeze(), () => firestore.thaw()],
    ['slow', () => networks.firestore.set({ delay: 2 * sinkTimeout }), () => networks.firestore.set('pass')],
  ];
  it.each(outages)(
    'lose none while Firestore is %s, and come back to it',
    async (_name, begin, end) => {
      await untilBack();
      await begin();
      try {
        for (let count = 0; count < rounds; count++) {
          expect(await round()).toEqual({ cloud_logging: runs.length });
          const { runs: seen } = await health();
          expect(seen.map((run) => run.health)).toEqual(runs.map(() => 'healthy'));
          expect(seen.map(({ beat }) => beat.sequence)).toEqual(runs.map(() => sequence));
        }
      } finally {
        await end();
      }
      expect(heartbeats.statistics()).toMatchObject({ lost: 0, degraded: true });
      await untilBack();
      expect(heartbeats.statistics()).toMatchObject({ lost: 0, degraded: false });
      // What was given up and has landed late has brought no older beat back.
      const { runs: seen } = await health();
      expect(seen.map(({ beat }) => beat.sequence)).toEqual(runs.map(() => sequence));
    },
    180_000,
  );

  it('go on to the third sink when the first two are away', async () => {
    await networks.firestore.set('refuse');
    await networks.logging.set('refuse');
    try {
      for (let count = 0; count < 3; count++) expect(await round()).toEqual({ cloud_storage: runs.length });
      const report = await health();
      expect(report.unread.map(({ sink }) => sink)).toEqual(['firestore', 'cloud_logging']);
      expect(report.runs.map((run) => run.health)).toEqual(runs.map(() => 'healthy'));
    } finally {
      await networks.firestore.set('pass');
      await networks.logging.set('pass');
    }
    await untilBack();
  }, 180_000);

  it('count and log what is lost when all three are away, and nobody is called dead', async () => {
    await round();
    const down: Network = 'refuse';
    const all = Object.values(networks);
    for (const network of all) await network.set(down);
    try {
      for (let count = 0; count < 3; count++) expect(await round()).toEqual({ lost: runs.length });
      const report = await health();
      expect(report).toMatchObject({ blind: true, runs: [] });
    } finally {
      for (const network of all) await network.set('pass');
    }
    expect(heartbeats.statistics().lost).toBe(3 * runs.length);
    expect(logger.lines.some(({ level }) => level === 'error')).toBe(true);
    await untilBack();
    const { runs: seen } = await health();
    expect(seen.map((run) => run.health)).toEqual(runs.map(() => 'healthy'));
  }, 180_000);
});
