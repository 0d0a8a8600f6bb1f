import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleBeat, heartbeatSinkContract } from '../../../test/contracts/heartbeat-sink-contract.ts';
import { FirestoreEmulator, skipWithoutFirestore } from '../../../test/emulators/firestore-emulator.ts';
import { VirtualClock } from '../../testing/index.ts';
import { Documents } from './documents.ts';
import { heartbeatDocumentSink } from './heartbeat-document-sink.ts';

const skip = skipWithoutFirestore();

describe.skipIf(skip !== undefined)(`Firestore's emulator${skip === undefined ? '' : ` (${skip})`}`, () => {
  let emulator: FirestoreEmulator;
  beforeAll(async () => {
    emulator = await FirestoreEmulator.start();
    const first = new Documents({ project: 'warm-up', endpoint: emulator.endpoint, timeout: '60s' });
    await first.get('warm', 'up', {});
    await first.close();
  }, 90_000);
  afterAll(() => emulator.close());

  const place = () => {
    const clock = new VirtualClock();
    const documents = new Documents({ project: `p${randomUUID()}`, endpoint: emulator.endpoint });
    const [sink, other] = [
      heartbeatDocumentSink({ documents, clock }),
      heartbeatDocumentSink({ documents, clock }),
    ];
    return { clock, documents, sink, other, close: () => documents.close() };
  };

  heartbeatSinkContract('Firestore', place);

  it('deletes what has expired when it is read', async () => {
    const { clock, documents, sink, close } = place();
    const { signal } = new AbortController();
    await sink.write(exampleBeat(clock), { signal });
    await clock.advance('25h');
    await sink.write(exampleBeat(clock, { runId: 'run-2' }), { signal });
    expect((await sink.read({ signal })).map(({ runId }) => runId)).toEqual(['run-2']);
    const { found } = await documents.query('breakwater_heartbeats', { order: 'id', limit: 10 }, {});
    expect(found).toHaveLength(1);
    await close();
  });
});
