import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { BigQueryClient, QueryOptions, QueryValue } from '../../src/clients/index.ts';
import { ConfigurationError, InvalidDataError, ServiceError } from '../../src/errors/index.ts';
import type { Bed, WritableUnderTest } from './bigquery-contract.ts';
import { game, gamesIn, tableWith } from './bigquery-games.ts';
import { failure } from './bigquery-writes.ts';

/** Queries: what goes in, and what comes out. */
export function queriesContract(bed: Bed<WritableUnderTest>, dataset: string): void {
  const value = async (expression: string, options?: QueryOptions): Promise<QueryValue | undefined> => {
    const [row] = await bed().client.query(`SELECT ${expression} AS value`, options);
    return row?.value;
  };

  describe('the values of a query', () => {
    const values: [string, QueryValue][] = [
      ['9007199254740991', 9007199254740991],
      ['-9007199254740991', -9007199254740991],
      ['0.1', 0.1],
      ["NUMERIC '123.456789012'", 123.456789012],
      ['TRUE', true],
      ["'Dončić 🏀'", 'Dončić 🏀'],
      ["''", ''],
      ["DATE '2025-03-05'", '2025-03-05'],
      ["TIMESTAMP '2025-03-15 19:30:00-04:00'", '2025-03-15T23:30:00.000Z'],
      ["TIMESTAMP '2025-03-15 00:00:00.25+00'", '2025-03-15T00:00:00.250Z'],
      ["TIMESTAMP '2025-03-15 00:00:00.000001+00'", '2025-03-15T00:00:00.000001Z'],
      ["TIMESTAMP '1969-12-31 23:59:59.999999+00'", '1969-12-31T23:59:59.999999Z'],
      ['CAST(NULL AS INT64)', null],
      ['CAST(NULL AS STRING)', null],
      ['CAST(NULL AS DATE)', null],
      ["['a', 'b']", ['a', 'b']],
      ['[1, 2]', [1, 2]],
      ["[DATE '2025-03-05']", ['2025-03-05']],
      ['ARRAY<INT64>[]', []],
      ["STRUCT(1 AS id, 'a' AS name, CAST(NULL AS DATE) AS day)", { id: 1, name: 'a', day: null }],
      [
        "[STRUCT(TIMESTAMP '2025-03-15 00:00:00+00' AS at, 0.5 AS share)]",
        [{ at: '2025-03-15T00:00:00.000Z', share: 0.5 }],
      ],
    ];
    it.each(values)('are plain: %s', async (expression, expected) => {
      expect(await value(expression)).toEqual(expected);
    });

    it.each(['9007199254740993', '-9223372036854775807', '[1, 9007199254740993]'])(
      'are an error where a number can’t hold an INT64: %s',
      async (expression) => {
        const error = await failure(value(expression));
        expect(error).toBeInstanceOf(InvalidDataError);
        expect(error.message).toMatch(/"value"/);
      },
    );

    it('have the names and the order of the columns', async () => {
      const [row] = await bed().client.query("SELECT 1 AS b, 'x' AS A, 2, MAX(3)");
      expect(Object.entries(row ?? {})).toEqual([
        ['b', 1],
        ['A', 'x'],
        ['f0_', 2],
        ['f1_', 3],
      ]);
    });

    it('are refused where two columns have one name', async () => {
      const error = await failure(bed().client.query('SELECT 1 AS points, 2 AS points'));
      expect(error).toMatchObject({ kind: 'permanent' });
      expect(error.message).toContain('points');
    });

    it('are an empty list where there are no rows', async () => {
      expect(await bed().client.query('SELECT 1 AS one FROM UNNEST([1]) AS x WHERE x = 2')).toEqual([]);
    });
  });

  describe('a query’s schema', () => {
    const sql = 'SELECT x AS n, CAST(x AS STRING) AS name FROM UNNEST([1, 2, 3]) AS x ORDER BY x';

    it('parses every row', async () => {
      const schema = z.object({ n: z.int().transform((n) => n * 10), name: z.string() });
      const rows: { n: number; name: string }[] = await bed().client.query(sql, { schema });
      expect(rows).toEqual([
        { n: 10, name: '1' },
        { n: 20, name: '2' },
        { n: 30, name: '3' },
      ]);
    });

    it('names the row and the column that do not fit', async () => {
      const schema = z.object({ n: z.int().max(1) });
      const error = await failure(bed().client.query(sql, { schema }));
      expect(error).toBeInstanceOf(InvalidDataError);
      expect(error.message).toMatch(/Row 2\b.*"n"/);
    });
  });

  describe('a query that is streamed', () => {
    const many = 'SELECT n FROM UNNEST(GENERATE_ARRAY(1, 25000)) AS n ORDER BY n';
    const rowsOf = async (sql: string, options?: QueryOptions) => {
      const rows = [];
      for await (const row of bed().client.stream(sql, options)) rows.push(row);
      return rows;
    };

    it('gives the rows of the query, in their order', async () => {
      const rows = await rowsOf(`${many.replace(' ORDER', ' WHERE n > @least ORDER')}`, {
        params: { least: 4 },
      });
      expect(rows).toHaveLength(24_996);
      expect([rows[0], rows[9_999], rows.at(-1)]).toEqual([{ n: 5 }, { n: 10_004 }, { n: 25_000 }]);
      expect(await rowsOf('SELECT 1 AS one FROM UNNEST([1]) AS x WHERE x = 2')).toEqual([]);
    });

    it('parses every row, and names the one that does not fit', async () => {
      const schema = z.object({ n: z.int().max(20_000) });
      const reading = (async () => {
        let read = 0;
        for await (const { n } of bed().client.stream(many, { schema })) expect(n).toBe(++read);
      })();
      const error = await failure(reading);
      expect(error).toBeInstanceOf(InvalidDataError);
      expect(error.message).toMatch(/Row 20001\b.*"n"/);
    });

    it('may be left, and others go on', async () => {
      const { signal } = new AbortController();
      for (let time = 0; time < 10; time++) {
        for await (const row of bed().client.stream(many, { signal })) {
          expect(row).toEqual({ n: 1 });
          break;
        }
      }
      expect(getEventListeners(signal, 'abort')).toEqual([]);
      expect(bed().clock.pendingTimers).toBe(0);
      expect(await bed().client.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });

    it('ends with the reason of a caller who gives up, unchanged', async () => {
      const call = new AbortController();
      const reason = new Error('the run is over');
      const reading = async () => {
        for await (const _ of bed().client.stream(many, { signal: call.signal })) call.abort(reason);
      };
      expect(await failure(reading())).toBe(reason);
      expect(await failure(reading())).toBe(reason);
      expect(getEventListeners(call.signal, 'abort')).toEqual([]);
    });

    it('fails as the query does', async () => {
      expect(await failure(rowsOf('SELECT 1 / 0 AS x'))).toMatchObject({ kind: 'permanent' });
      expect(await failure(rowsOf('SELECT 1 AS x, 2 AS x'))).toMatchObject({ kind: 'permanent' });
    });
  });

  describe('a query’s parameters', () => {
    const parameters: [string, QueryOptions, QueryValue][] = [
      ['@p', { params: { p: 'it’s @q "a" \\' } }, 'it’s @q "a" \\'],
      ['@p + 1', { params: { p: 2 ** 40 } }, 2 ** 40 + 1],
      ['@p * 2', { params: { p: 0.1 } }, 0.2],
      ['@p', { params: { p: 3 }, types: { p: 'FLOAT64' } }, 3],
      ['@p', { params: { p: 1.5 }, types: { p: 'NUMERIC' } }, 1.5],
      ['NOT @p', { params: { p: true } }, false],
      ['@p', { params: { p: '2025-03-05' }, types: { p: 'DATE' } }, '2025-03-05'],
      [
        '@p',
        { params: { p: '2025-03-15T19:30:00-04:00' }, types: { p: 'TIMESTAMP' } },
        '2025-03-15T23:30:00.000Z',
      ],
      ["DATE '2025-03-05' = @p", { params: { p: '2025-03-05' } }, true],
      ["TIMESTAMP '2025-03-15 00:00:00+00' < @p", { params: { p: '2025-03-15T00:00:01Z' } }, true],
      ['@p IS NULL', { params: { p: null }, types: { p: 'INT64' } }, true],
      ["'b' IN UNNEST(@p)", { params: { p: ['a', 'b'] } }, true],
      ['3 IN UNNEST(@p)', { params: { p: [1, 2] } }, false],
      ["'b' IN UNNEST(@p)", { params: { p: [] }, types: { p: ['STRING'] } }, false],
      ["DATE '2025-03-05' IN UNNEST(@p)", { params: { p: ['2025-03-05'] }, types: { p: ['DATE'] } }, true],
      ['@a || @b || @a', { params: { a: 'x', b: 'y' } }, 'xyx'],
      ["'@p' || @p", { params: { p: 'x' } }, '@px'],
    ];
    it.each(parameters)('are values in %s with %o', async (expression, options, expected) => {
      expect(await value(expression, options)).toEqual(expected);
    });

    it('may be more than the query uses', async () => {
      expect(await value('@p', { params: { p: 1, q: 2 } })).toBe(1);
    });

    it('must all be given', async () => {
      const error = await failure(value('@p + @missing', { params: { p: 1 } }));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error.message).toContain('params.missing');
    });

    it.each([[null], [[]]])('need a type where the value %j tells none', async (given) => {
      const error = await failure(value('@p', { params: { p: given } }));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error.message).toContain('types.p');
    });

    it.each([[Number.NaN], [Infinity], [{}], [new Date(0)], [['a', 1]], [['a', null]], [[['a']]]])(
      'can’t be %o',
      async (given) => {
        const error = await failure(value('@p', { params: { p: given as never } }));
        expect(error).toBeInstanceOf(ConfigurationError);
        expect(error.message).toContain('params.p');
      },
    );
  });

  describe('a query that can’t be answered', () => {
    const missing: [string, (client: BigQueryClient, table: string) => Promise<unknown>][] = [
      ['query', (client, table) => client.query(`SELECT * FROM ${table}`)],
      ['insert', (client, table) => client.insert(table, [game('1')])],
      ['load', (client, table) => client.load(table, '{"game_id":"1"}')],
      [
        'replacePartition',
        (client, table) => client.replacePartition(table, { column: 'game_date', value: '2025-03-15' }, []),
      ],
      [
        'merge',
        (client, table) =>
          client.merge(table, [], {
            key: ['game_id'],
            scope: { column: 'game_date', value: '2025-03-15' },
          }),
      ],
    ];
    it.each(missing)('says that a table is not there, in %s', async (_name, call) => {
      for (const table of [`${dataset}.nowhere`, 'no_such_dataset.games']) {
        const error = await failure(call(bed().client, table));
        expect(error).toBeInstanceOf(ServiceError);
        expect(error).toMatchObject({ service: 'bigquery', code: 'notFound', kind: 'permanent' });
        expect(error.message).toContain(table.split('.').at(-1));
      }
    });

    it.each([
      ['SELECT', 'text that is no SQL'],
      ['SELECT nowhere FROM UNNEST([1]) AS x', 'a column that is not there'],
      ['SELECT 1 / 0', 'a division by zero'],
      ['SELECT 9223372036854775807 + 1', 'an integer beyond 64 bits'],
      ["SELECT CAST('x' AS INT64)", 'a text that is no number'],
      ['SELECT (SELECT x FROM UNNEST([1, 2]) AS x)', 'two rows for one value'],
    ])('fails for good: %s, %s', async (sql) => {
      expect(await failure(bed().client.query(sql))).toMatchObject({ kind: 'permanent' });
    });
  });

  it('changes rows by a query, and gives none back', async () => {
    const table = await tableWith(bed(), [game('1'), game('2')]);
    const { client } = bed();
    expect(
      await client.query(`UPDATE ${table} SET points = @points WHERE game_id = '1'`, {
        params: { points: 7 },
      }),
    ).toEqual([]);
    expect(await client.query(`DELETE FROM ${table} WHERE game_id = '2'`)).toEqual([]);
    expect(await gamesIn(bed(), table)).toEqual([game('1', { points: 7 })]);
  });

  it('takes labels and a bound of the bytes billed', async () => {
    const options = { labels: { breakwater: 'contract' }, maximumBytesBilled: 1_000_000_000 };
    expect(await value('1', options)).toBe(1);
  });
}
