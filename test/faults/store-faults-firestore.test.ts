import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe } from 'vitest';
import { z } from 'zod';
import { firestoreStore } from '../../src/google/index.ts';
import { storeFaultsContract } from '../contracts/store-faults-contract.ts';
import { FirestoreEmulator, skipWithoutFirestore } from '../emulators/firestore-emulator.ts';
import { onVirtualTime } from './on-virtual-time.ts';
import { scenarios } from './scenarios.ts';

const skip = skipWithoutFirestore();

describe.skipIf(skip !== undefined)(`Firestore's emulator${skip === undefined ? '' : ` (${skip})`}`, () => {
  let emulator: FirestoreEmulator;
  beforeAll(async () => {
    emulator = await FirestoreEmulator.start();
    const first = firestoreStore({ project: 'warm-up', endpoint: emulator.endpoint, timeout: '60s' });
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
    scenarios.filter(
      ({ name }) => /data is there/.test(name) || (process.env.CI && /during a run/.test(name)),
    ),
  );
});
