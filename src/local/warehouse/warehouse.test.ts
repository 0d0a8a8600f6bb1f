import { getEventListeners } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bigqueryContract } from '../../../test/contracts/bigquery-contract.ts';
import { ConfigurationError, ServiceError, TimeoutError } from '../../errors/index.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { openWarehouse, type Warehouse } from './warehouse.ts';

bigqueryContract('the embedded warehouse', async () => {
  const clock = new VirtualClock();
  const client = await openWarehouse({ file: ':memory:', clock });
  return { client, other: client, clock, close: () => client.close() };
});

// Days of work, in small steps.
const endless = `SELECT COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(1, 10000)) AS a
  CROSS JOIN UNNEST(GENERATE_ARRAY(1, 10000)) AS b CROSS JOIN UNNEST(GENERATE_ARRAY(1, 10000)) AS c
  WHERE MOD(a * b + c, 7) = 3`;
const partition = { column: 'game_date', value: '2025-03-15' };
const row = { game_date: '2025-03-15', points: 1 };

describe('the embedded warehouse', () => {
  let clock: VirtualClock;
  let warehouse: Warehouse;
  beforeEach(async () => {
    clock = new VirtualClock({ wall: '2025-03-16T01:30:00Z' });
    warehouse = await openWarehouse({ file: ':memory:', clock });
    await warehouse.query('CREATE TABLE nba.games (game_date DATE, points INT64)');
  });
  afterEach(() => warehouse.close());

  it('counts what was asked of it', async () => {
    await warehouse.insert('nba.games', [row, row]);
    await warehouse.query('SELECT points FROM nba.games', { labels: { breakwater: 'check' } });
    await warehouse.query('SELECT points FROM nba.games', { labels: { breakwater: 'check' } });
    await warehouse.query('SELECT 1 AS one', { labels: { team: 'x' } });
    await warehouse.replacePartition('nba.games', partition, [row]);
    await warehouse.merge('nba.games', [row], { key: ['points'], scope: partition });
    await warehouse.load('nba.games', '{"points": 3}');
    await warehouse.query('SELECT nothing FROM nba.games').catch(() => {});
    await warehouse.insert('nba.games', [{ points: 'x' }]).catch(() => {});
    expect(warehouse.statistics()).toEqual({
      // The definition is one of them, and the one that failed.
      queries: 5,
      labelled: { check: 2 },
      writes: 4,
      rowsRead: 5,
      rowsWritten: 5,
    });
  });

  it('tells the time of its clock in SQL', async () => {
    const now = 'SELECT CURRENT_TIMESTAMP() AS at';
    expect(await warehouse.query(now)).toEqual([{ at: '2025-03-16T01:30:00.000Z' }]);
    await clock.advance('1h');
    expect(await warehouse.query(now)).toEqual([{ at: '2025-03-16T02:30:00.000Z' }]);
  });

  it('lets readers in while a writer waits for its source, and keeps what it writes from them', async () => {
    const gate = Promise.withResolvers<void>();
    const source = (async function* () {
      yield '{"points": 1}\n';
      await gate.promise;
    })();
    const loading = warehouse.load('nba.games', source);
    const others = [1, 2, 3, 4].map((points) => warehouse.insert('nba.games', [{ points }]));
    const count = 'SELECT COUNT(*) AS n FROM nba.games';
    const answers = await Promise.all(Array.from({ length: 8 }, () => warehouse.query(count)));
    expect(answers).toEqual(Array(8).fill([{ n: 0 }]));
    gate.resolve();
    await Promise.all([loading, ...others]);
    expect(await warehouse.query(count)).toEqual([{ n: 5 }]);
  });

  it('lets writers write in the order in which they came', async () => {
    const gate = Promise.withResolvers<void>();
    const source = (async function* () {
      await gate.promise;
      yield '';
    })();
    const first = warehouse.load('nba.games', source);
    const ended: number[] = [];
    const writers = [1, 2, 3].map(async (points) => {
      await warehouse.replacePartition('nba.games', partition, [{ ...row, points }]);
      ended.push(points);
    });
    gate.resolve();
    await Promise.all([first, ...writers]);
    expect(ended).toEqual([1, 2, 3]);
    expect(await warehouse.query('SELECT points FROM nba.games')).toEqual([{ points: 3 }]);
  });

  it('lets a writer that waits give up, and forgets it', async () => {
    const gate = Promise.withResolvers<void>();
    const source = (async function* () {
      await gate.promise;
      yield '';
    })();
    const first = warehouse.load('nba.games', source);
    const reason = new Error('the run is over');
    const controller = new AbortController();
    const given = warehouse.insert('nba.games', [row], { signal: controller.signal });
    const late = warehouse.insert('nba.games', [row], { timeout: '5s' });
    const third = warehouse.insert('nba.games', [{ points: 3 }]);
    controller.abort(reason);
    await expect(given).rejects.toBe(reason);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    await Promise.all([expect(late).rejects.toThrow(TimeoutError), clock.advance('5s')]);
    gate.resolve();
    await Promise.all([first, third]);
    expect(await warehouse.query('SELECT points FROM nba.games')).toEqual([{ points: 3 }]);
  });

  it('really ends what it interrupts: all its connections are free again', async () => {
    for (let round = 0; round < 3; round++) {
      const controller = new AbortController();
      const calls = Array.from({ length: 5 }, () =>
        warehouse.query(endless, { signal: controller.signal }).catch((error: unknown) => error),
      );
      controller.abort(new Error('enough'));
      for (const error of await Promise.all(calls)) expect(error).toMatchObject({ message: 'enough' });
    }
    expect(await Promise.all([1, 2, 3, 4].map(() => warehouse.query('SELECT 1 AS one')))).toEqual(
      Array(4).fill([{ one: 1 }]),
    );
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends all that runs and waits when it is closed, and refuses what comes after', async () => {
    const closed = { name: 'ServiceError', code: 'closed', kind: 'permanent' };
    const source = (async function* () {
      yield '{"points": 1}\n';
      await new Promise(() => {});
    })();
    const calls = [
      warehouse.load('nba.games', source),
      warehouse.insert('nba.games', [row]),
      ...Array.from({ length: 4 }, () => warehouse.query(endless)),
    ];
    const ended = Promise.allSettled(calls);
    await warehouse.close();
    for (const result of await ended) expect(result).toMatchObject({ status: 'rejected', reason: closed });
    const late = [warehouse.query('SELECT 1 AS one'), warehouse.insert('nba.games', [row])];
    for (const result of await Promise.allSettled(late))
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(ServiceError) });
    expect(clock.pendingTimers).toBe(0);
    await warehouse.close();
  });
});

describe('the embedded warehouse’s file', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'breakwater-warehouse-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('keeps everything, and its fences', async () => {
    const file = join(dir, 'warehouse.duckdb');
    const first = await openWarehouse({ file });
    await first.query('CREATE TABLE nba.games (game_date DATE, points INT64)');
    await first.query('CREATE VIEW nba.best AS SELECT points FROM nba.games WHERE points > 0');
    await first.replacePartition('nba.games', partition, [row], { fence: { key: 'k', token: 7 } });
    await first.close();
    const second = await openWarehouse({ file });
    expect(await second.query('SELECT points FROM nba.best')).toEqual([{ points: 1 }]);
    const late = second.replacePartition('nba.games', partition, [], { fence: { key: 'k', token: 6 } });
    await expect(late).rejects.toThrow('Fence 6 of k is older than 7');
    await second.close();
  });

  it('is opened once at a time in one process too', async () => {
    const file = join(dir, 'warehouse.duckdb');
    const first = await openWarehouse({ file });
    for (const path of [file, join(dir, '.', 'warehouse.duckdb')]) {
      const error = await openWarehouse({ file: path }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ConfigurationError);
      expect((error as Error).message).toContain(`which this process (${process.pid}) holds`);
    }
    await first.close();
    await (await openWarehouse({ file })).close();
  });

  it.each([
    [
      'a file that is none',
      (path: string) => writeFileSync(path, 'this is no database, but a text of some length'),
    ],
    ['a folder', () => {}],
    ['a folder that is not there', () => {}],
  ])('can’t be %s', async (name, make) => {
    const path =
      name === 'a folder' ? dir : join(dir, name.includes('not there') ? 'none/x.duckdb' : 'x.duckdb');
    make(path);
    const error = await openWarehouse({ file: path }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain(path);
  });
});
