import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/clients/index.ts';
import type { Documents, Fields } from '../../src/google/firestore/documents.ts';
import { heartbeatDocumentSink } from '../../src/google/firestore/heartbeat-document-sink.ts';
import { heartbeatChain } from '../../src/heartbeat/index.ts';
import { type SystemCircuit, systemCircuit } from '../../src/processor/index.ts';
import type { Store } from '../../src/store/index.ts';
import { createTestContext, seededRandom } from '../../src/testing/index.ts';
import { sleep } from '../../src/time/index.ts';
import { Summary } from '../runs/summary.ts';

// Firestore: about one sustained write a second for one document.
const second = 1_000;
const window = 60;
// A few at once do no harm.
const atOnce = 10;

/** A test context, with heartbeats in Firestore's shape, that notes when each document was written. */
function watchedContext() {
  const context = createTestContext();
  const { clock } = context;
  const writes = new Map<string, number[]>();
  const written = (document: string) => writes.set(document, [...(writes.get(document) ?? []), clock.now()]);
  const store: Store = {
    collection(definition) {
      const collection = context.store.collection(definition);
      const note = (key: string) => written(`${definition.name}/${key}`);
      return {
        get: (...call) => collection.get(...call),
        list: (...call) => collection.list(...call),
        async put(key, ...call) {
          const result = await collection.put(key, ...call);
          if (result.ok) note(key);
          return result;
        },
        async delete(key, ...call) {
          const deleted = await collection.delete(key, ...call);
          if (deleted) note(key);
          return deleted;
        },
      };
    },
  };
  const beats = new Map<string, Fields>();
  const documents = {
    async get(_: string, id: string) {
      const fields = beats.get(id);
      return { found: fields && { id, fields, updated: { seconds: '1', nanos: 0 } } };
    },
    async put(collection: string, id: string, fields: Fields) {
      beats.set(id, fields);
      written(`${collection}/${id}`);
    },
  } as unknown as Documents;
  const heartbeats = heartbeatChain({
    sinks: [heartbeatDocumentSink({ documents, clock })],
    clock,
    logger: silentLogger,
  });
  /** The most writes of one document in so many seconds, by document; only those above one a second. */
  const hot = () =>
    [...writes].flatMap(([document, times]) => {
      const most = Math.max(
        ...times.map((from) => times.filter((at) => from <= at && at < from + window * second).length),
      );
      return most > window + atOnce ? [`${document}: ${most} writes in ${window} s`] : [];
    });
  return { context: { ...context, store, heartbeats }, writes, hot };
}

describe('the documents that a busy day writes', () => {
  it('are not written more often than once a second by a processor with many dates, some of them failing', async () => {
    const { context, writes, hot } = watchedContext();
    const random = seededRandom(3);
    const summary = new Summary(context, {
      async extract(run) {
        for (let step = 0; step < 5; step++)
          await run.step(`step ${step}`, () => sleep(run.clock, 1_000 * random()));
        if (random() < 0.5) throw new Error('no');
        return [{ game_date: run.date, points: 1 }];
      },
    });
    const dates = Array.from({ length: 20 }, (_, day) => `2026-01-${String(day + 1).padStart(2, '0')}`);
    const again = dates.map(async (date) => {
      for (let run = 0; run < 10; run++)
        await summary.run({ startDate: date, endDate: date }, { force: true });
    });
    await context.clock.runUntil(Promise.all(again));
    expect(writes.size).toBeGreaterThan(dates.length);
    expect(hot()).toEqual([]);
  });

  it('are not written more often by runs that tell of ten steps a second, and how far they are', async () => {
    const { context, writes, hot } = watchedContext();
    const steps = 3_000;
    const summary = new Summary(context, {
      async extract(run) {
        for (let step = 0; step < steps; step++) {
          run.progress(step, steps);
          await run.step(`step ${step}`, () => sleep(run.clock, 100));
        }
        return [{ game_date: run.date, points: 1 }];
      },
    });
    const dates = Array.from({ length: 5 }, (_, day) => `2026-01-0${day + 1}`);
    const runs = dates.map((date) => summary.run({ startDate: date, endDate: date }));
    for (const [result] of await context.clock.runUntil(Promise.all(runs)))
      expect(result.status).toBe('succeeded');
    const beats = [...writes].filter(([document]) => document.startsWith('breakwater_heartbeats/'));
    expect(beats).toHaveLength(dates.length);
    // One at least every 5 s of the 300 s.
    for (const [, times] of beats) expect(times.length).toBeGreaterThan(50);
    expect(hot()).toEqual([]);
  });

  it('are not written more often by a system that many calls use, though they fail now and then', async () => {
    const { context, writes, hot } = watchedContext();
    // As many processes would have it.
    const circuits = Array.from({ length: 3 }, () => systemCircuit(context, { name: 'moving_average' }));
    // Never so many in a row that it opens.
    const call = (circuit: SystemCircuit, count: number) =>
      circuit
        .execute(() => {
          if (count % 3 === 0) throw new Error('no');
        })
        .catch(() => {});
    const calls = circuits.map(async (circuit) => {
      for (let count = 0; count < 1_200; count++) {
        await call(circuit, count);
        await sleep(context.clock, 100);
      }
    });
    await context.clock.runUntil(Promise.all(calls));
    expect(writes.size).toBe(1);
    expect(hot()).toEqual([]);
  });
});
