import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { InvalidDataError, ServiceError } from '../errors/index.ts';
import { FakeBigQuery, RecordingLogger, seededRandom, VirtualClock } from '../testing/index.ts';
import { sleep } from '../time/index.ts';
import { outputOf, query, rows, schedule } from './declare.ts';
import { gameDate } from './games.ts';
import type { UpstreamReader, UpstreamRequest } from './reader.ts';
import { createUpstreamReader } from './upstream-reader.ts';

const date = '2026-01-15';
const range = { startDate: date, endDate: date };
const minute = 60_000;

function request(key: string, table = 'nba_raw.boxscore'): UpstreamRequest {
  return { key, date, checks: [rows(table).forDates(range)] };
}

describe('upstream reader', () => {
  let clock: VirtualClock;
  let bigquery: FakeBigQuery;
  let logger: RecordingLogger;
  let reader: UpstreamReader;
  /** What the warehouse finds for each check. */
  let found: number;

  beforeEach(() => {
    clock = new VirtualClock();
    bigquery = new FakeBigQuery({ clock });
    logger = new RecordingLogger();
    reader = createUpstreamReader({ bigquery, clock, logger });
    found = 0;
    answer(() => {});
  });

  /** Every query takes a second and answers for each of its items, unless `meanwhile` throws. */
  function answer(meanwhile: (tables: readonly string[]) => void, takes = 1_000) {
    bigquery.on(/./, async (_, sql) => {
      await sleep(clock, takes);
      const tables = [...sql.matchAll(/FROM (nba_raw\.\w+)/g)].map(([, table]) => table as string);
      meanwhile(tables);
      return [...sql.matchAll(/(\d+) AS item/g)].map(([, item]) => ({
        item: Number(item),
        found,
        wanted: 1,
        newest: null,
        missing: null,
        covered: null,
        detail: null,
      }));
    });
  }
  const ask = async (...keys: readonly string[]) => {
    const answers = await clock.runUntil(reader.ask(keys.map((key) => request(key))));
    return keys.map((key) => answers.get(key)?.status);
  };
  const queries = () => bigquery.calls.length;

  it('asks all that it is asked in one query, with named parameters, a limit of bytes and a label', async () => {
    const games = schedule('nba_raw.nbac_schedule');
    const asked = reader.ask([
      request('a'),
      { key: 'b', date, checks: [games.final(range), query('SELECT @n AS cnt', { n: 1 })] },
      {
        key: 'c',
        date,
        checks: [outputOf({ processor: { output: 'nba_analytics.x', partition: 'd' } }).forDates(range)],
      },
    ]);
    await clock.runUntil(asked);
    expect(queries()).toBe(1);
    const [call] = bigquery.calls;
    if (call?.method !== 'query') throw new Error('no query');
    expect(call.sql).not.toContain(date);
    expect(Object.values(call.params)).toContain(date);
    expect(call.options).toMatchObject({
      maximumBytesBilled: 10 * 2 ** 30,
      labels: { breakwater: 'upstream' },
      timeout: 30_000,
    });
  });

  it('asks once what several runs wait for', async () => {
    found = 1;
    const games = schedule('nba_raw.nbac_schedule').final(range);
    const other = rows('nba_raw.other').forDates(range).atLeast(2);
    const answers = await clock.runUntil(
      reader.ask([
        { key: 'a', date, checks: [games, rows('nba_raw.boxscore').forDates(range)] },
        { key: 'b', date, checks: [other, games] },
      ]),
    );
    const [call] = bigquery.calls;
    if (call?.method !== 'query') throw new Error('no query');
    expect(call.sql.match(/\d AS item/g)).toEqual(['0 AS item', '1 AS item', '2 AS item']);
    expect([...answers.values()].map(({ status }) => status)).toEqual(['ready', 'ready']);
    const names = [...answers.values()].map((answer) =>
      'dependencies' in answer ? answer.dependencies.map(({ table }) => table) : [],
    );
    expect(names).toEqual([
      ['nba_raw.nbac_schedule', 'nba_raw.boxscore'],
      ['nba_raw.other', 'nba_raw.nbac_schedule'],
    ]);
  });

  it('asks nothing for a run without checks', async () => {
    const answers = await reader.ask([{ key: 'free', date, checks: [] }]);
    expect(answers.get('free')).toEqual({ status: 'ready', dependencies: [] });
    expect(queries()).toBe(0);
  });

  it('lets those who ask at the same time share one query', async () => {
    const asked = Promise.all(Array.from({ length: 50 }, () => reader.ask([request('a')])));
    await clock.runUntil(asked);
    expect(queries()).toBe(1);
  });

  it('remembers an answer for a minute from when it was asked for', async () => {
    expect(await ask('a')).toEqual(['not_ready']);
    found = 1;
    await clock.advance(minute - 1_000 - 1);
    expect(await ask('a')).toEqual(['not_ready']);
    await clock.advance(1);
    expect(await ask('a')).toEqual(['ready']);
    expect(queries()).toBe(2);
  });

  it('looks once more when a table that it reads was updated', async () => {
    await ask('a');
    found = 1;
    reader.tableUpdated('nba_raw.boxscore', [date]);
    expect(await ask('a')).toEqual(['ready']);
    expect(queries()).toBe(2);
  });

  it('does not look again for another table or other dates', async () => {
    await ask('a');
    reader.tableUpdated('nba_raw.other', [date]);
    reader.tableUpdated('nba_raw.boxscore', ['2026-01-14', '2026-01-16']);
    await ask('a');
    expect(queries()).toBe(1);
  });

  it('goes by the days that a check reads, not by the date of the run', async () => {
    const lastWeek = rows('nba_raw.boxscore').forDates({ startDate: '2026-01-08', endDate: '2026-01-14' });
    const form = [{ key: 'form', date, checks: [lastWeek] }];
    await clock.runUntil(reader.ask(form));
    reader.tableUpdated('nba_raw.boxscore', ['2026-01-10']);
    await clock.runUntil(reader.ask(form));
    expect(queries()).toBe(2);
  });

  it('queues a third look within a minute, and does not drop it', async () => {
    await ask('a');
    reader.tableUpdated('nba_raw.boxscore', [date]);
    await ask('a');
    found = 1;
    reader.tableUpdated('nba_raw.boxscore', [date]);
    const third = reader.ask([request('a')]);
    await clock.advance(minute - 2_000 - 1);
    expect(queries()).toBe(2);
    await clock.advance(1);
    expect(queries()).toBe(3);
    expect((await clock.runUntil(third)).get('a')?.status).toBe('ready');
  });

  it('does not hold up other keys for one that is queued', async () => {
    for (let look = 0; look < 2; look++) {
      await ask('a');
      reader.tableUpdated('nba_raw.boxscore', [date]);
    }
    const both = reader.ask([request('a'), request('b')]);
    await clock.advance(1_000);
    expect(queries()).toBe(3);
    await clock.runUntil(both);
    expect(queries()).toBe(4);
  });

  it('does not trust an answer that was on its way when the rows came', async () => {
    const early = reader.ask([request('a')]);
    await clock.advance(500);
    found = 1;
    reader.tableUpdated('nba_raw.boxscore', [date]);
    const late = reader.ask([request('a')]);
    await clock.runUntil(Promise.all([early, late]));
    expect(queries()).toBe(2);
    expect((await late).get('a')?.status).toBe('ready');
  });

  it('never looks at a key more than twice in a minute, and at most once without an update', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('ask' as const), key: fc.constantFrom('a', 'b') }),
      fc.record({ kind: fc.constant('update' as const) }),
      fc.record({ kind: fc.constant('wait' as const), by: fc.integer({ min: 0, max: 40_000 }) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 12, maxLength: 30 }),
        fc.boolean(),
        async (steps, updates) => {
          const times = new Map<string, number[]>();
          const clock = new VirtualClock();
          const bigquery = new FakeBigQuery({ clock }).on(/./, (params, sql) => {
            for (const key of Object.values(params).filter((value) => value === 'a' || value === 'b'))
              times.set(key as string, [...(times.get(key as string) ?? []), clock.now()]);
            return [...sql.matchAll(/(\d+) AS item/g)].map(([, item]) => ({
              item: Number(item),
              found: 0,
              wanted: 1,
              newest: null,
              missing: null,
              covered: null,
              detail: null,
            }));
          });
          const reader = createUpstreamReader({ bigquery, clock, logger });
          const asked: Promise<unknown>[] = [];
          for (const next of steps) {
            if (next.kind === 'wait') await clock.advance(next.by);
            else if (next.kind === 'update') {
              if (updates) reader.tableUpdated('nba_raw.boxscore', [date]);
            } else {
              const checks = [rows('nba_raw.boxscore').forDates(range).where({ key: next.key })];
              asked.push(reader.ask([{ key: next.key, date, checks }]));
            }
          }
          await clock.runUntil(Promise.all(asked));
          for (const looks of times.values()) {
            const most = updates ? 2 : 1;
            for (const [index, time] of looks.entries())
              expect(time - (looks[index - most] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(minute);
          }
          expect(clock.pendingTimers).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  describe('when the warehouse fails', () => {
    const names = Array.from({ length: 16 }, (_, index) => `nba_raw.t${index}`);
    const askAll = async () => {
      const answers = await clock.runUntil(reader.ask(names.map((name) => request(name, name))));
      return names.filter((name) => answers.get(name)?.status === 'unknown');
    };

    it('finds the bad checks of a batch, and leaves the others their answers', async () => {
      const bad = ['nba_raw.t3', 'nba_raw.t12'];
      answer((tables) => {
        if (tables.some((table) => bad.includes(table))) throw new InvalidDataError('no such table');
      });
      expect(await askAll()).toEqual(bad);
    });

    it('finds the one check that is too slow', async () => {
      answer((tables) => {
        if (tables.includes('nba_raw.t7')) throw new ServiceError('slow', { service: 'b', kind: 'timeout' });
      });
      expect(await askAll()).toEqual(['nba_raw.t7']);
    });

    it.each(['transient', 'timeout'] as const)(
      'asks a warehouse that is away (%s) three times, not once for each check',
      async (kind) => {
        bigquery.fail(() => new ServiceError('away', { service: 'bigquery', kind }));
        expect(await askAll()).toEqual(names);
        expect(queries()).toBe(3);
      },
    );

    it('asks no more where it was asked for less', async () => {
      bigquery.fail(() => new ServiceError('slow down', { service: 'bigquery', kind: 'throttled' }));
      expect(await askAll()).toEqual(names);
      expect(queries()).toBe(1);
    });

    it('remembers that it could not look, and says so in the log', async () => {
      bigquery.fail();
      expect(await ask('a')).toEqual(['unknown']);
      bigquery.recover();
      expect(await ask('a')).toEqual(['unknown']);
      await clock.advance(minute);
      expect(await ask('a')).toEqual(['not_ready']);
      expect(logger.lines).toMatchObject([{ level: 'warn', fields: { key: 'a' } }]);
    });
  });

  it('asks many runs in several queries, none too large', async () => {
    await ask(...Array.from({ length: 90 }, (_, index) => `k${index}`));
    expect(queries()).toBe(3);
  });

  describe('whoever waits', () => {
    it('is told "unknown" at the deadline', async () => {
      bigquery.hang();
      const asked = reader.ask([request('a')], { deadline: clock.now() + 5_000 });
      await clock.advance(5_000);
      expect((await asked).get('a')).toMatchObject({
        status: 'unknown',
        error: { name: 'UpstreamUnknownError' },
      });
    });

    it('may leave with a reason of its own while the others get their answer', async () => {
      const controller = new AbortController();
      const reason = new Error('enough');
      const leaving = reader.ask([request('a')], { signal: controller.signal });
      const staying = reader.ask([request('a')]);
      await clock.advance(500);
      controller.abort(reason);
      await expect(leaving).rejects.toBe(reason);
      expect((await clock.runUntil(staying)).get('a')?.status).toBe('not_ready');
    });

    it('cancels the query as the last one to leave, and nothing is left of it', async () => {
      bigquery.hang();
      const controller = new AbortController();
      const leaving = reader.ask([request('a')], { signal: controller.signal });
      await clock.advance(500);
      controller.abort(new Error('enough'));
      await expect(leaving).rejects.toThrow('enough');
      await clock.advance(0);
      expect(clock.pendingTimers).toBe(0);
      const [call] = bigquery.calls;
      expect(call?.options.signal?.aborted).toBe(true);
    });

    it('asks anew after all others have left', async () => {
      bigquery.hang();
      const controller = new AbortController();
      const leaving = reader.ask([request('a')], { signal: controller.signal });
      await clock.advance(500);
      controller.abort(new Error('enough'));
      const next = reader.ask([request('a')]);
      await expect(leaving).rejects.toThrow('enough');
      bigquery.recover();
      expect((await clock.runUntil(next)).get('a')?.status).toBe('not_ready');
    });

    it('is not asked to wait when the signal is aborted already', async () => {
      const signal = AbortSignal.abort(new Error('before'));
      await expect(reader.ask([request('a')], { signal })).rejects.toThrow('before');
      expect(queries()).toBe(0);
    });
  });
});

describe('a game’s date', () => {
  it.each([
    ['2026-01-16T04:59:59Z', '2026-01-15'],
    ['2026-01-16T05:00:00Z', '2026-01-16'],
    // Summer time: four hours behind.
    ['2026-07-02T03:59:59Z', '2026-07-01'],
    ['2026-07-02T04:00:00Z', '2026-07-02'],
  ])('is at %s the day %s in America/New_York', (instant, day) => {
    expect(gameDate(Date.parse(instant))).toBe(day);
  });

  it('is a day like any other, also where the clocks change', () => {
    const random = seededRandom(3);
    for (let look = 0; look < 200; look++) {
      const wall = Date.parse('2026-03-08T00:00:00Z') + random() * 86_400_000;
      expect(['2026-03-07', '2026-03-08']).toContain(gameDate(wall));
    }
  });
});
