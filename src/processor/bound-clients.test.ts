import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { never } from '../../test/runs/look.ts';
import { ConfigurationError, LostLeaseError, TimeoutError } from '../errors/index.ts';
import { FakeBigQuery, FakeHttp, FakeStorage, VirtualClock } from '../testing/index.ts';
import { bindBigQuery, bindHttp, bindStorage } from './bound-clients.ts';

const table = 'nba_analytics.summary';
const partition = { column: 'game_date', value: '2026-01-15' };
const url = 'https://api.example.com/odds';

/** A run with so much time left, and its clients. */
function bound(left = 600_000) {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const end = clock.now() + left;
  const run = {
    signal: controller.signal,
    fence: { key: `${table}/2026-01-15`, token: 7 },
    remaining: () => Math.max(0, end - clock.now()),
  };
  const bigquery = new FakeBigQuery({ clock }).on('SELECT', []);
  const http = new FakeHttp({ clock }).on(url, { json: {} });
  const storage = new FakeStorage({ clock });
  const clients = {
    bigquery: bindBigQuery(bigquery, run),
    http: bindHttp(http, run),
    storage: bindStorage(storage, run),
  };
  return { clock, controller, run, bigquery, http, storage, clients };
}

type Clients = ReturnType<typeof bound>['clients'];

/** Every call that a run can make, with the usual time of its client. */
const calls: readonly [string, number, (clients: Clients, options?: object) => Promise<unknown>][] = [
  ['bigquery.query', 120_000, ({ bigquery }, options) => bigquery.query('SELECT 1', options)],
  ['bigquery.stream', 120_000, ({ bigquery }, options) => bigquery.stream('SELECT 1', options).next()],
  ['bigquery.insert', 120_000, ({ bigquery }, options) => bigquery.insert(table, [], options)],
  ['bigquery.load', 120_000, ({ bigquery }, options) => bigquery.load(table, '', options)],
  [
    'bigquery.replacePartition',
    120_000,
    ({ bigquery }, options) => bigquery.replacePartition(table, partition, [], options),
  ],
  [
    'bigquery.merge',
    120_000,
    ({ bigquery }, options) => bigquery.merge(table, [], { key: ['id'], scope: partition, ...options }),
  ],
  ['http.request', 30_000, ({ http }, options) => http.request(url, options)],
  ['http.getJson', 30_000, ({ http }, options) => http.getJson(url, options)],
  ['storage.save', 60_000, ({ storage }, options) => storage.save('a', 'b', options)],
  ['storage.read', 60_000, ({ storage }, options) => storage.read('a', options)],
  ['storage.readStream', 60_000, ({ storage }, options) => storage.readStream('a', options)],
  ['storage.list', 60_000, ({ storage }, options) => storage.list('a', options)],
  ['storage.delete', 60_000, ({ storage }, options) => storage.delete('a', options)],
];

function hangAll({ bigquery, http, storage }: ReturnType<typeof bound>): void {
  for (const client of [bigquery, http, storage]) client.hang();
}

/** How long the call took until it timed out. */
async function timeOut({ clock }: ReturnType<typeof bound>, call: Promise<unknown>): Promise<number> {
  const start = clock.now();
  await expect(clock.runUntil(call)).rejects.toThrow(TimeoutError);
  expect(clock.pendingTimers).toBe(0);
  return clock.now() - start;
}

describe('clients bound to a run', () => {
  describe.each(calls)('%s', (name, usual, call) => {
    it('makes the one call of its client', async () => {
      const { clients, bigquery, http, storage } = bound();
      await call(clients);
      const made = { bigquery: bigquery.calls, http: http.calls, storage: storage.calls };
      expect(Object.entries(made).flatMap(([client, list]) => list.map(() => client))).toEqual([
        name.split('.')[0],
      ]);
    });

    it(`takes ${usual / 1_000} s, or its own time-out, or what the run has left, whichever is least`, async () => {
      const setUp = (left: number) => {
        const set = bound(left);
        hangAll(set);
        return set;
      };
      const [long, own, short] = [setUp(600_000), setUp(600_000), setUp(5_000)];
      expect(await timeOut(long, call(long.clients))).toBe(usual);
      expect(await timeOut(own, call(own.clients, { timeout: '3s' }))).toBe(3_000);
      expect(await timeOut(short, call(short.clients))).toBe(5_000);
      const shorter = setUp(5_000);
      expect(await timeOut(shorter, call(shorter.clients, { timeout: '1h' }))).toBe(5_000);
      const unbounded = setUp(5_000);
      expect(await timeOut(unbounded, call(unbounded.clients, { timeout: Infinity }))).toBe(5_000);
    });

    it('ends when the run is stopped, with the reason of that, and leaves nothing', async () => {
      const set = bound();
      hangAll(set);
      const ended = expect(call(set.clients)).rejects.toThrow('stopped');
      await set.clock.advance('1s');
      set.controller.abort(new Error('stopped'));
      await ended;
      expect(set.clock.pendingTimers).toBe(0);
      expect(getEventListeners(set.run.signal, 'abort')).toEqual([]);
    });

    it('ends by the caller’s own signal just as well', async () => {
      const set = bound();
      hangAll(set);
      const own = new AbortController();
      const ended = expect(call(set.clients, { signal: own.signal })).rejects.toThrow('enough');
      await set.clock.advance('1s');
      own.abort(new Error('enough'));
      await ended;
      expect(set.clock.pendingTimers).toBe(0);
      expect(set.run.signal.aborted).toBe(false);
    });

    it('is refused once the run was stopped, or its time is up though nobody said so yet', async () => {
      const stopped = bound();
      stopped.controller.abort(new Error('stopped'));
      await expect(call(stopped.clients)).rejects.toThrow('stopped');
      const late = bound(1_000);
      await late.clock.advance('1s');
      await expect(call(late.clients)).rejects.toThrow('The run is past its deadline');
      for (const { bigquery, http, storage } of [stopped, late])
        expect([bigquery.calls, http.calls, storage.calls]).toEqual([[], [], []]);
    });

    it('refuses a time-out that is none', async () => {
      await expect(call(bound().clients, { timeout: 'soon' })).rejects.toThrow(ConfigurationError);
    });
  });

  it.each(['run', 'caller'] as const)('end a stream that is being read when the %s stops', async (who) => {
    const { clients, controller, storage } = bound();
    await storage.save('big', 'x'.repeat(200_000));
    const own = new AbortController();
    const stream = await clients.storage.readStream('big', { signal: own.signal });
    const read = async () => {
      for await (const _ of stream?.data ?? [])
        (who === 'run' ? controller : own).abort(new Error('stopped'));
    };
    await expect(read()).rejects.toThrow('stopped');
  });

  it('keep to a client’s own time-out where it has one', async () => {
    const { clock, run } = bound();
    const http = new FakeHttp({ clock, timeout: '4s' }).on(url, never);
    await expect(clock.runUntil(bindHttp(http, run).request(url))).rejects.toThrow(TimeoutError);
    expect(clock.now()).toBe(4_000);
  });

  it('put the run’s fence on each replacing write, whatever the caller says', async () => {
    const { bigquery, clients, run } = bound();
    const fenced = { fence: undefined };
    await clients.bigquery.replacePartition(table, partition, [], fenced);
    await clients.bigquery.merge(table, [], { key: ['id'], scope: partition, ...fenced });
    expect(bigquery.calls).toMatchObject([
      { options: { fence: run.fence } },
      { options: { fence: run.fence } },
    ]);
    const newer = { fence: { ...run.fence, token: 8 } };
    await bigquery.replacePartition(table, partition, [], newer);
    await expect(clients.bigquery.replacePartition(table, partition, [])).rejects.toThrow(LostLeaseError);
  });
});
