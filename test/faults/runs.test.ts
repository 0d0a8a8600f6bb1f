import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FencedWriteOptions } from '../../src/clients/index.ts';
import type { Context } from '../../src/context/index.ts';
import { type Beat, heartbeatChain } from '../../src/heartbeat/index.ts';
import { LostLeaseError } from '../../src/errors/index.ts';
import type { RunResult } from '../../src/processor/index.ts';
import {
  type Collection,
  type CollectionDefinition,
  type RunRecord,
  runRecords,
  type Store,
} from '../../src/store/index.ts';
import { createTestContext, seededRandom, type TestContext } from '../../src/testing/index.ts';
import { sleep } from '../../src/time/index.ts';
import { day, output, range, Summary } from '../runs/summary.ts';
import { switchedSink } from './switched-sink.ts';
import { givingUp, type Network, type Unreliability, unreliably } from './unreliable.ts';

const minute = 60_000;
const [timeout, grace] = [10 * minute, 30_000];
// What comes before the time-out (claim, record, circuit) and after it (circuit, last beat, a minute of recording).
const [before, after] = [25_000, 75_000];

/** One run of the night: when it starts, how long its work takes, and how it behaves. */
const oneIn = (count: number) => fc.nat(count - 1).map((chance) => chance === 0);
const runPlan = fc.record({
  startsAt: fc.integer({ min: 0, max: 40 * minute }),
  workTime: fc.oneof(fc.integer({ min: 0, max: minute }), fc.integer({ min: 9 * minute, max: 15 * minute })),
  /** Whether its work ends when it is told to. */
  heeds: fc.boolean(),
  throws: oneIn(4),
  force: oneIn(2),
  /** From then on its instance does not reach the store. */
  partitionedAt: fc.option(fc.integer({ min: 0, max: 30 * minute }), { freq: 3 }),
  cancelledAt: fc.option(fc.integer({ min: 0, max: 20 * minute }), { freq: 4 }),
});
type RunPlan = typeof runPlan extends fc.Arbitrary<infer T> ? T : never;

const rate = fc.double({ min: 0, max: 0.15, noNaN: true });
const unreliability = fc.record({ lost: rate, answerLost: rate, late: rate, hung: rate });
const night = fc.record({
  seed: fc.integer(),
  store: unreliability,
  warehouse: fc.oneof(unreliability, fc.constant({ lost: 0, answerLost: 0, late: 0.7, hung: 0 })),
  sinks: fc.double({ min: 0, max: 0.5, noNaN: true }),
  upstream: fc.array(fc.constantFrom('ready', 'ready', 'ready', 'ready', 'not_ready', 'unknown'), {
    minLength: 1,
    maxLength: 4,
  }),
  runs: fc.array(runPlan, { minLength: 1, maxLength: 6 }),
});
type Night = typeof night extends fc.Arbitrary<infer T> ? T : never;

describe('runs of one key, on a network where anything may go wrong', () => {
  it('each settle in time, in one outcome that is recorded once, and leave nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(night, async (plan) => {
        const { context, settled, endings, signals } = await play(plan);
        for (const { result, took } of settled) {
          expect(took).toBeLessThanOrEqual(before + timeout + grace + after);
          if (result.status === 'timed_out' || result.status === 'cancelled')
            expect(result.durationMs).toBeLessThanOrEqual(before + timeout + grace);
        }
        // Exactly one outcome: none was recorded twice, and after recovery none is missing.
        for (const [runId, ends] of endings) expect({ runId, ends }).toMatchObject({ ends: { length: 1 } });
        const records = await allRecords(context);
        expect(records.filter(({ status }) => status === 'running')).toEqual([]);
        for (const { result } of settled.filter(({ result }) => result.recorded)) {
          const record = records.find(({ runId }) => runId === result.runId);
          if (isUnclaimed(result)) expect(record).toBeUndefined();
          else if (result.status === 'failed' && result.reason === 'lost_lease')
            expect(record?.status).not.toBe('running');
          else expect(record).toMatchObject({ status: result.status, reason: result.reason });
        }
        for (const signal of signals) expect(getEventListeners(signal, 'abort')).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('write in the order of their fences: an older one never after a newer', async () => {
    await fc.assert(
      fc.asyncProperty(night, async (plan) => {
        const { context, landed } = await play(plan);
        const tokens = landed.map(({ token }) => token);
        expect(tokens).not.toContain(undefined);
        expect(tokens).toEqual([...tokens].sort((a = 0, b = 0) => a - b));
        const newest = landed.at(-1);
        expect(context.bigquery.rowsOf(output)).toEqual(
          newest === undefined ? [] : [{ game_date: day, points: newest.points }],
        );
      }),
      { numRuns: 60 },
    );
  });

  it('can not write when they are long gone: a late write meets the fence of the run after it', async () => {
    const context = createTestContext();
    const { bigquery, clock } = context;
    const late = Promise.withResolvers<void>();
    const landing = late.promise.then(() => fate);
    let fate: Promise<unknown> = Promise.resolve('never sent');
    const slow = lateWarehouse(context, {
      write: (call) => {
        const written = late.promise.then(call);
        fate = written;
        return written;
      },
      landed: [],
    });
    const [zombie] = await clock.runUntil(new Summary({ ...context, bigquery: slow }).run(range));
    expect(zombie).toMatchObject({ status: 'timed_out' });
    const [next] = await new Summary(context, { extract: async () => [{ game_date: day, points: 2 }] }).run(
      range,
    );
    expect(next).toMatchObject({ status: 'succeeded' });
    late.resolve();
    await expect(landing).rejects.toThrow(LostLeaseError);
    expect(bigquery.rowsOf(output)).toEqual([{ game_date: day, points: 2 }]);
  });

  it('never extract unless upstream said that all is there', async () => {
    await fc.assert(
      fc.asyncProperty(night, async (plan) => {
        const { extractedOn } = await play(plan);
        expect(extractedOn.filter((answer) => answer !== 'ready')).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('lose no beat without counting it', async () => {
    await fc.assert(
      fc.asyncProperty(night, async (plan) => {
        const { sent, statistics, kept } = await play(plan);
        const { delivered, lost } = statistics;
        const inSinks = Object.values(delivered).reduce((sum, count) => sum + count, 0);
        expect(inSinks + lost).toBe(sent.length);
        expect(sent.filter((beat) => kept.has(beat)).length).toBeGreaterThanOrEqual(inSinks);
      }),
      { numRuns: 40 },
    );
  });
});

/** Plays the night to its end, and then one more run that everything answers: it recovers what is left of the others. */
async function play(plan: Night) {
  const context = createTestContext();
  const { clock } = context;
  const random = seededRandom(plan.seed);
  const network = (unreliability: Unreliability): Network => ({
    clock,
    random,
    unreliability,
    latest: 30 * minute,
  });
  const endings = new Map<string, RunRecord['status'][]>();
  const landed: { token: number | undefined; points: number }[] = [];
  const extractedOn: string[] = [];
  const signals: AbortSignal[] = [];

  const sinks = ['first', 'second'].map((name) => switchedSink(clock, name));
  const chain = heartbeatChain({ sinks, clock, logger: context.logger });
  const sent: Beat[] = [];
  const heartbeats: Context['heartbeats'] = {
    ...chain,
    send: (beat) => {
      sent.push(beat);
      for (const sink of sinks)
        sink.state = random() < plan.sinks ? (random() < 0.5 ? 'refused' : 'hung') : 'up';
      return chain.send(beat);
    },
  };
  const shared = { ...context, random, heartbeats };
  const warehouse = lateWarehouse(context, {
    write: (call) => unreliably(network(plan.warehouse), call),
    landed,
  });

  let answers = 0;
  const one = async (index: number, run: RunPlan): Promise<{ result: RunResult; took: number }> => {
    await sleep(clock, run.startsAt);
    const started = clock.now();
    const isPartitioned = () => run.partitionedAt !== null && clock.now() - started >= run.partitionedAt;
    const store = unreliableStore(context, network(plan.store), isPartitioned, endings);
    let answer = 'ready';
    const upstream: Context['upstream'] = {
      tableUpdated() {},
      async ask(requests, call) {
        answer = plan.upstream[answers++ % plan.upstream.length] as string;
        if (answer === 'ready') context.upstream.ready();
        if (answer === 'not_ready') context.upstream.notReady(['a row']);
        if (answer === 'unknown') context.upstream.unknown();
        return context.upstream.ask(requests, call);
      },
    };
    const summary = new Summary(
      { ...shared, store, upstream, bigquery: warehouse },
      {
        async extract({ clock, date, signal }) {
          extractedOn.push(answer);
          await sleep(clock, run.workTime, run.heeds ? signal : undefined);
          if (run.throws) throw new Error('broken');
          return [{ game_date: date, points: index }];
        },
      },
    );
    const caller = new AbortController();
    signals.push(caller.signal);
    const cancel =
      run.cancelledAt === null ? undefined : clock.setTimer(run.cancelledAt, () => caller.abort());
    const [result] = await summary.run(range, { signal: caller.signal, force: run.force });
    cancel?.cancel();
    return { result, took: clock.now() - started };
  };

  const running = Promise.all(plan.runs.map((run, index) => one(index, run)));
  const settled = await clock.runUntil(running);
  const [statistics, sentByThen] = [chain.statistics(), [...sent]];
  // What comes late still comes; what the dead held ends.
  await clock.runAll();
  await clock.advance('2d');
  const reliable = { ...context, store: unreliableStore(context, undefined, () => false, endings) };
  context.upstream.notReady(['the last word']);
  await new Summary(reliable).run(range);
  expect(clock.pendingTimers).toBe(0);
  const kept = new Set(
    sentByThen.filter((beat) => sinks.some(({ landed }) => landed.some((l) => l.beat === beat))),
  );
  return { context, settled, endings, landed, extractedOn, signals, sent: sentByThen, statistics, kept };
}

/** The store over the network; notes each ending that a run's record is given. */
function unreliableStore(
  { store }: TestContext,
  network: Network | undefined,
  isPartitioned: () => boolean,
  endings: Map<string, RunRecord['status'][]>,
): Store {
  const over = <T>(signal: AbortSignal | undefined, call: () => Promise<T>) =>
    givingUp(signal, async () => {
      if (isPartitioned()) throw new Error('no route to the store');
      return network === undefined ? call() : unreliably(network, call);
    });
  return {
    collection<T>(definition: CollectionDefinition<T>): Collection<T> {
      const records = store.collection(definition);
      return {
        get: (key, call) => over(call?.signal, () => records.get(key)),
        delete: (key, options) =>
          over(options.signal, () => records.delete(key, { ifVersion: options.ifVersion })),
        list: (query) => over(query.signal, () => records.list({ ...query, signal: undefined })),
        put: (key, value, options) =>
          over(options.signal, async () => {
            const answer = await records.put(key, value, { ...options, signal: undefined });
            const { status } = value as Partial<RunRecord>;
            if (
              answer.ok &&
              definition.name === runRecords.name &&
              status !== undefined &&
              status !== 'running'
            )
              endings.set(key, [...(endings.get(key) ?? []), status]);
            return answer;
          }),
      };
    },
  };
}

/** The warehouse over the network: a write may land when its run is long gone. Notes what landed, in order. */
function lateWarehouse(
  { bigquery }: TestContext,
  {
    write,
    landed,
  }: {
    readonly write: <T>(call: () => Promise<T>) => Promise<T>;
    readonly landed: { token: number | undefined; points: number }[];
  },
): Context['bigquery'] {
  return {
    query: (sql, options) => bigquery.query(sql, options),
    stream: (sql, options) => bigquery.stream(sql, options),
    insert: (table, rows, options) => bigquery.insert(table, rows, options),
    load: (table, source, options) => bigquery.load(table, source, options),
    merge: (table, rows, options) => bigquery.merge(table, rows, options),
    replacePartition: (table, partition, rows, options: FencedWriteOptions = {}) =>
      givingUp(options.signal, () =>
        write(async () => {
          const written = await bigquery.replacePartition(table, partition, rows, { fence: options.fence });
          const [{ points }] = rows as [{ points: number }];
          landed.push({ token: options.fence?.token, points });
          return written;
        }),
      ),
  };
}

async function allRecords({ store }: TestContext): Promise<RunRecord[]> {
  const { entries } = await store.collection(runRecords).list({ limit: 1_000 });
  return entries.flatMap((entry) => (entry.readable ? [entry.value] : []));
}

/** Such a run never had the key, and has no record of its own. */
function isUnclaimed({ status, reason }: RunResult): boolean {
  return status === 'skipped' && reason === 'already_running';
}
