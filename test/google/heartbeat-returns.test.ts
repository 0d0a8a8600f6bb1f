import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGoogleContext, type GoogleContext } from '../../src/google/index.ts';
import { readHealth } from '../../src/heartbeat/index.ts';
import { silentLogger } from '../../src/clients/index.ts';
import { VirtualClock } from '../../src/testing/index.ts';
import { exampleBeat } from '../contracts/heartbeat-sink-contract.ts';
import { FirestoreEmulator, skipWithoutFirestore } from '../emulators/firestore-emulator.ts';
import { type LoggingServer, startLoggingServer } from '../emulators/logging-server.ts';
import { type StorageServer, startStorageServer } from '../emulators/storage-server.ts';
import { TcpProxy } from '../emulators/tcp-proxy.ts';

const skip = skipWithoutFirestore();
const interval = 60_000;
// More than open any circuit of the services.
const beatsAway = 8;

describe.skipIf(skip !== undefined)(`the heartbeats of a Google context${skip ? ` (${skip})` : ''}`, () => {
  let services: readonly [FirestoreEmulator, LoggingServer, StorageServer];
  let networks: Readonly<Record<'firestore' | 'cloud_logging' | 'cloud_storage', TcpProxy>>;
  beforeAll(async () => {
    services = await Promise.all([FirestoreEmulator.start(), startLoggingServer(), startStorageServer()]);
    const [firestore, cloud_logging, cloud_storage] = services;
    networks = {
      firestore: await TcpProxy.before(firestore.port),
      cloud_logging: await TcpProxy.before(cloud_logging.port),
      cloud_storage: await TcpProxy.before(cloud_storage.port),
    };
  }, 90_000);
  afterAll(async () => {
    await Promise.all([...Object.values(networks), ...services].map((one) => one.close()));
  });

  let clock: VirtualClock;
  let context: GoogleContext;
  let sequence: number;
  beforeEach(async ({ onTestFinished, task }) => {
    clock = new VirtualClock();
    sequence = 0;
    for (const network of Object.values(networks)) await network.set('pass');
    const at = ({ port }: TcpProxy) => `http://127.0.0.1:${port}`;
    context = createGoogleContext({
      project: `p${task.id.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}`,
      location: 'US',
      env: {},
      clock,
      random: () => 0,
      logger: silentLogger,
      // By the machine's time, which may be a busy one's.
      timeouts: { sink: interval / 3 - 1 },
      endpoints: {
        firestore: at(networks.firestore),
        logging: at(networks.cloud_logging),
        storage: at(networks.cloud_storage),
      },
    });
    onTestFinished(() => context.close());
    for (const { name } of context.heartbeats.sinks) await untilReached(name);
  }, 90_000);

  /** The result of real work, for which virtual time stands still. */
  async function done<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const end = () => {
      over = true;
    };
    work.then(end, end);
    for (; !over; await wait(1)) await clock.advance(0);
    return work;
  }

  /** Waits, in the machine's time, until a client has its connection again. */
  async function untilReached(name: string): Promise<void> {
    const sink = context.heartbeats.sinks.find((one) => one.name === name);
    const { signal } = new AbortController();
    const write = async () => {
      const beat = exampleBeat(clock, { runId: 'another', sequence: ++sequence });
      return done(sink!.write(beat, { signal }).then(() => 'written', String));
    };
    await expect.poll(write, { timeout: 60_000 }).toBe('written');
  }

  async function nextBeat() {
    await clock.advance(interval);
    return done(context.heartbeats.send(exampleBeat(clock, { sequence: ++sequence })));
  }

  async function goAway(): Promise<void> {
    for (const network of Object.values(networks)) await network.set('refuse');
    for (let beat = 0; beat < beatsAway; beat++) expect(await nextBeat()).toEqual({ lost: true });
    const { blind } = await done(readHealth({ sinks: context.heartbeats.sinks, clock }));
    expect(blind).toBe(true);
  }

  async function comeBack(name: keyof typeof networks): Promise<void> {
    await networks[name].set('pass');
    await untilReached(name);
  }

  it.each(['firestore', 'cloud_logging', 'cloud_storage'] as const)(
    'are in %s within one interval when it alone is back, after all three were away, and can be read there',
    async (name) => {
      await goAway();
      await comeBack(name);
      expect(await nextBeat()).toEqual({ sink: name });
      const { unread, runs } = await done(readHealth({ sinks: context.heartbeats.sinks, clock }));
      expect(unread.map(({ sink }) => sink)).not.toContain(name);
      expect(runs.find(({ beat }) => beat.runId === 'run-1')).toMatchObject({ health: 'healthy' });
    },
  );

  it('are in the best of those that are back within one interval, whichever comes next', async () => {
    await goAway();
    for (const name of ['cloud_storage', 'cloud_logging', 'firestore'] as const) {
      await comeBack(name);
      expect(await nextBeat()).toEqual({ sink: name });
    }
    expect(context.heartbeats.statistics()).toMatchObject({ lost: beatsAway, degraded: false });
  });
});
