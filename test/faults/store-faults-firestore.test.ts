import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe } from 'vitest';
import { z } from 'zod';
import { firestoreStore } from '../../src/google/index.ts';
import { storeFaultsContract } from '../contracts/store-faults-contract.ts';
import { FirestoreEmulator, skipWithoutFirestore } from '../emulators/firestore-emulator.ts';
import { onVirtualTime } from './on-virtual-time.ts';
import { scenarios } from './scenarios.ts';

const skip = skipWithoutFirestore();

// Of some hundreds of replays each, a scenario takes the emulator from half a minute to minutes. Where everything must be tested the short
// ones are played, with a kill and a trigger in mid-run; otherwise one. In memory, and in CI in a file, all of them are, and here too with
// FIRESTORE_FAULTS=all.
const inCi = /data is there|during a run|for good|never be worked on|a kill in mid-run|paused and resumed/;
const otherwise = process.env.CI ? inCi : /data is there/;
const chosen = process.env.FIRESTORE_FAULTS === 'all' ? /./ : otherwise;

describe.skipIf(skip !== undefined)(`Firestore's emulator${skip === undefined ? '' : ` (${skip})`}`, () => {
  let emulator: FirestoreEmulator;
  beforeAll(async () => {
    emulator = await FirestoreEmulator.start();
    const first = firestoreStore({ project: 'warm-up', endpoint: emulator.endpoint, timeout: '85s' });
    await first.collection({ name: 'warm', version: 1, schema: z.string() }).get('up');
    await first.close();
  }, 90_000);
  afterAll(() => emulator.close());

  storeFaultsContract(
    'Firestore',
    (clock) => {
      const store = firestoreStore({ project: `p${randomUUID()}`, endpoint: emulator.endpoint });
      return { store: onVirtualTime(store, clock), close: () => store.close() };
    },
    scenarios.filter(({ name }) => chosen.test(name)),
  );
});
