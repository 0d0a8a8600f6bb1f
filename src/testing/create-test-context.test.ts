import { describe, expect, it } from 'vitest';
import { day, key, output, range, Summary } from '../../test/runs/summary.ts';
import { ConfigurationError } from '../errors/index.ts';
import { readHealth } from '../heartbeat/index.ts';
import { sleep } from '../time/index.ts';
import { createTestContext } from './create-test-context.ts';

describe('createTestContext', () => {
  it('is all that a processor needs', async () => {
    const context = createTestContext();
    const [result] = await new Summary(context).run(range);
    expect(result).toMatchObject({ status: 'succeeded', recorded: true });
    expect(context.bigquery.rowsOf(output)).toEqual([{ game_date: day, points: 112 }]);
    expect(context.upstream.asked).toMatchObject([{ key }]);
    expect(context.sinks.first.written.map(({ status }) => status)).toEqual(['running', 'succeeded']);
    expect(context.logger.lines).toEqual([]);
    expect(context.clock.pendingTimers).toBe(0);
  });

  it('has one clock for all, that stands still, at the time that it is told', async () => {
    const context = createTestContext({ wall: '2026-02-01T12:00:00Z' });
    expect(new Date(context.clock.wallNow()).toISOString()).toBe('2026-02-01T12:00:00.000Z');
    const { clock, store, storage, http, bigquery, upstream } = context;
    for (const fake of [store, storage, http, bigquery]) fake.hang();
    const calls = [
      bigquery.query('SELECT 1', { timeout: '1m' }),
      http.request('https://example.com', { timeout: '1m' }),
      storage.read('a', { timeout: '1m' }),
    ].map((call) => expect(call).rejects.toThrow('60000 ms'));
    await clock.advance('1m');
    await Promise.all(calls);
    upstream.tableUpdated('nba_raw.boxscore', [day]);
    const [check] = new Summary(context).upstream(range);
    const answers = await upstream.ask([{ key, date: day, checks: check === undefined ? [] : [check] }]);
    expect(answers.get(key)).toMatchObject({ dependencies: [{ newest: '2026-02-01T12:01:00.000Z' }] });
  });

  it('gives the same run for the same seed', async () => {
    const idOf = async (seed?: number) =>
      (await new Summary(createTestContext({ seed })).run(range))[0].runId;
    expect(await idOf()).toBe(await idOf(1));
    expect(await idOf(2)).not.toBe(await idOf(1));
  });

  it('has the tables and the settings that it is given', async () => {
    const context = createTestContext({
      tables: { [output]: [{ game_date: day, points: 1 }] },
      config: { processor: { grace: '2s' }, version: '1.2.3' },
    });
    expect(context.bigquery.rowsOf(output)).toEqual([{ game_date: day, points: 1 }]);
    expect(context.config).toMatchObject({
      version: '1.2.3',
      host: 'test',
      instance: 'test',
      processor: { timeout: 600_000, grace: 2_000 },
    });
    expect(() => createTestContext({ config: { circuit: { failures: 0 } } })).toThrow(ConfigurationError);
    expect(() => createTestContext({ wall: 'yesterday' })).toThrow('VirtualClock.wall');
  });

  it('shares nothing with another one', async () => {
    const [one, other] = [createTestContext(), createTestContext()];
    await new Summary(one).run(range);
    expect(other.bigquery.tables).toEqual([]);
    expect(other.store.calls).toEqual([]);
    expect(other.heartbeats.statistics()).toMatchObject({ delivered: { first: 0, second: 0 } });
    expect(await new Summary(other).run(range)).toMatchObject([{ status: 'succeeded' }]);
  });

  it('has two sinks in a real chain: the second takes what the first does not, and a monitor reads both', async () => {
    const context = createTestContext();
    const { clock, sinks, heartbeats } = context;
    const running = new Summary(context, {
      extract: async () => {
        await sleep(clock, 300_000);
        return [];
      },
    }).run(range);
    await clock.advance('1s');
    sinks.first.fail();
    await clock.advance('2m');
    const health = () => clock.runUntil(readHealth({ sinks: heartbeats.sinks, clock }));
    expect(await health()).toMatchObject({
      runs: [{ health: 'healthy' }],
      unread: [{ sink: 'first' }],
    });
    sinks.first.recover();
    await clock.runUntil(running);
    expect((await health()).runs).toMatchObject([{ health: 'ended', beat: { key, status: 'succeeded' } }]);
    const { delivered, lost } = heartbeats.statistics();
    expect(delivered.second).toBeGreaterThan(0);
    expect(lost).toBe(0);
  });
});
