import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { BigQueryClient, CallOptions, NdjsonSource } from '../../src/clients/index.ts';
import { ConfigurationError, TimeoutError } from '../../src/errors/index.ts';
import type { Bed, WritableUnderTest } from './bigquery-contract.ts';
import { game, gamesIn, ndjson, saturday, tableWith } from './bigquery-games.ts';
import { failure } from './bigquery-writes.ts';

const reason = new Error('the run is over');

type Write = (client: BigQueryClient, table: string, options: CallOptions) => Promise<unknown>;
const writes: readonly (readonly [string, Write])[] = [
  ['insert', (client, table, options) => client.insert(table, [game('2')], options)],
  ['load', (client, table, options) => client.load(table, ndjson([game('2')]), options)],
  [
    'replacePartition',
    (client, table, options) => client.replacePartition(table, saturday, [game('2')], options),
  ],
  [
    'merge',
    (client, table, options) =>
      client.merge(table, [game('2')], { key: ['game_id'], scope: saturday, ...options }),
  ],
];

/** Calls whose caller gives up, and calls that take too long. */
export function boundsContract(bed: Bed<WritableUnderTest>): void {
  describe.each(writes)('the bounds of %s', (_name, write) => {
    it('write nothing for a caller who has given up, whose reason comes out unchanged', async () => {
      const table = await tableWith(bed(), [game('1')]);
      expect(await failure(write(bed().client, table, { signal: AbortSignal.abort(reason) }))).toBe(reason);
      expect(await gamesIn(bed(), table)).toEqual([game('1')]);
    });

    it('leave no listener and no timer behind', async () => {
      const table = await tableWith(bed(), []);
      const { signal } = new AbortController();
      await write(bed().client, table, { signal });
      expect(getEventListeners(signal, 'abort')).toEqual([]);
      expect(bed().clock.pendingTimers).toBe(0);
    });

    it.each([-1, Number.NaN, Infinity, 'soon'])('refuse the time-out %s', async (timeout) => {
      const table = await tableWith(bed(), []);
      const options = { timeout: timeout as number };
      expect(await failure(write(bed().client, table, options))).toBeInstanceOf(ConfigurationError);
      expect(await gamesIn(bed(), table)).toEqual([]);
    });
  });

  describe('loading from a stream', () => {
    const given = ndjson([game('2')]);

    it('that gives nothing more ends when its caller gives up, and writes none', async () => {
      const table = await tableWith(bed(), [game('1')]);
      const { source, wants, goOn, ended } = hanging(given);
      const controller = new AbortController();
      const call = failure(bed().client.load(table, source, { signal: controller.signal, mode: 'truncate' }));
      await wants;
      controller.abort(reason);
      expect(await call).toBe(reason);
      expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
      goOn();
      await ended;
      expect(await gamesIn(bed(), table)).toEqual([game('1')]);
    });

    it('that gives nothing more ends in its time, and writes none', async () => {
      const table = await tableWith(bed(), [game('1')]);
      const { source, wants, goOn, ended } = hanging(given);
      const call = failure(bed().client.load(table, source, { timeout: '5s' }));
      await wants;
      await bed().clock.advance('5s');
      const error = await call;
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error.message).toContain('5000 ms');
      expect(bed().clock.pendingTimers).toBe(0);
      goOn();
      await ended;
      expect(await gamesIn(bed(), table)).toEqual([game('1')]);
    });

    it('that never ends ends when its caller gives up, and writes none', async () => {
      const table = await tableWith(bed(), [game('1')]);
      const controller = new AbortController();
      let closed = false;
      const source = (async function* () {
        try {
          for (let chunk = 0; ; chunk++) {
            if (chunk === 20) controller.abort(reason);
            yield given;
            await new Promise(setImmediate);
          }
        } finally {
          closed = true;
        }
      })();
      expect(await failure(bed().client.load(table, source, { signal: controller.signal }))).toBe(reason);
      expect(await gamesIn(bed(), table)).toEqual([game('1')]);
      await new Promise(setImmediate);
      expect(closed).toBe(true);
    });
  });
}

/** A stream that gives one chunk and then waits: `wants` tells that the next was asked for, `ended` that it was let go of. */
function hanging(chunk: string): {
  readonly source: NdjsonSource;
  readonly wants: Promise<void>;
  readonly goOn: () => void;
  readonly ended: Promise<void>;
} {
  const wants = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const source = (async function* () {
    try {
      yield chunk;
      wants.resolve();
      await gate.promise;
      yield chunk;
    } finally {
      ended.resolve();
    }
  })();
  return { source, wants: wants.promise, goOn: gate.resolve, ended: ended.promise };
}

// Days of work anywhere, in small steps.
const endless = `SELECT COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(1, 10000)) AS a
  CROSS JOIN UNNEST(GENERATE_ARRAY(1, 10000)) AS b CROSS JOIN UNNEST(GENERATE_ARRAY(1, 10000)) AS c
  WHERE MOD(a * b + c, 7) = 3`;

/** The same of queries. */
export function queryBoundsContract(bed: Bed<WritableUnderTest>): void {
  describe('the bounds of a query', () => {
    it('give the reason of a caller who has given up, unchanged', async () => {
      const call = bed().client.query('SELECT 1 AS one', { signal: AbortSignal.abort(reason) });
      expect(await failure(call)).toBe(reason);
    });

    it('end a long one when its caller gives up', async () => {
      const controller = new AbortController();
      const call = failure(bed().client.query(endless, { signal: controller.signal }));
      await bed().client.query('SELECT 1 AS one');
      controller.abort(reason);
      expect(await call).toBe(reason);
      expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
      expect(await bed().client.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    }, 30_000);

    it('end a long one in its time', async () => {
      const call = failure(bed().client.query(endless, { timeout: '5s' }));
      await bed().client.query('SELECT 1 AS one');
      await bed().clock.advance('5s');
      expect(await call).toBeInstanceOf(TimeoutError);
      expect(bed().clock.pendingTimers).toBe(0);
    }, 30_000);

    it('leave no listener and no timer behind', async () => {
      const { signal } = new AbortController();
      await bed().client.query('SELECT 1 AS one', { signal });
      expect(getEventListeners(signal, 'abort')).toEqual([]);
      expect(bed().clock.pendingTimers).toBe(0);
    });

    it.each([-1, Number.NaN, Infinity, 'soon'])('refuse the time-out %s', async (timeout) => {
      const call = bed().client.query('SELECT 1 AS one', { timeout: timeout as number });
      expect(await failure(call)).toBeInstanceOf(ConfigurationError);
    });
  });
}
