import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bigqueryWritesContract } from '../../test/contracts/bigquery-contract.ts';
import { ConfigurationError, InvalidDataError } from '../errors/index.ts';
import { FakeBigQuery } from './fake-big-query.ts';
import { VirtualClock } from './virtual-clock.ts';

bigqueryWritesContract('the fake warehouse', () => {
  const clock = new VirtualClock();
  const client = new FakeBigQuery({ clock });
  let count = 0;
  return {
    client,
    other: client,
    clock,
    newTable: async () => `test.games_${++count}`,
    rowsOf: async (table) => client.rowsOf(table),
  };
});

const warehouse = (options: Partial<ConstructorParameters<typeof FakeBigQuery>[0]> = {}) => {
  const clock = new VirtualClock();
  return { clock, bigquery: new FakeBigQuery({ clock, ...options }) };
};

describe('FakeBigQuery', () => {
  describe('queries', () => {
    it('answer what the test says, by text, pattern or predicate', async () => {
      const { bigquery } = warehouse();
      bigquery
        .on('nba_raw.boxscore', [{ from: 'text' }])
        .on(/FROM\s+nba_raw\.schedule/g, [{ from: 'pattern' }])
        .on((_sql, { team }) => team === 'BOS', [{ from: 'predicate' }]);
      expect(await bigquery.query('SELECT * FROM nba_raw.boxscore')).toEqual([{ from: 'text' }]);
      for (let again = 0; again < 2; again++)
        expect(await bigquery.query('SELECT * FROM\n nba_raw.schedule')).toEqual([{ from: 'pattern' }]);
      const params = { team: 'BOS' };
      expect(await bigquery.query('SELECT 1 WHERE t = @team', { params })).toEqual([{ from: 'predicate' }]);
    });

    it('take the later of two answers, and a function’s for the parameters', async () => {
      const { bigquery } = warehouse();
      bigquery.on('SELECT', [{ n: 1 }]).on('SELECT', ({ date }, sql) => [{ date: date ?? null, sql }]);
      const query = 'SELECT n FROM t WHERE d = @date';
      expect(await bigquery.query(query, { params: { date: '2026-01-15' } })).toEqual([
        { date: '2026-01-15', sql: query },
      ]);
    });

    it('say what is missing when nobody has told them what to answer', async () => {
      const { bigquery } = warehouse();
      const query = bigquery.query('SELECT *\n  FROM nba_raw.boxscore');
      await expect(query).rejects.toThrow(ConfigurationError);
      await expect(query).rejects.toThrow('received "SELECT * FROM nba_raw.boxscore"');
    });

    it('want every parameter that they name, and only outside of text and comments', async () => {
      const { bigquery } = warehouse();
      bigquery.on('SELECT', []);
      const sql = `SELECT '@text', "@quoted" -- @comment\n FROM t /* @comment */ WHERE d = @date`;
      await expect(bigquery.query(sql)).rejects.toThrow('params.date must be given: the query uses it');
      expect(await bigquery.query(sql, { params: { date: null } })).toEqual([]);
    });

    it('parse each row by the schema, and name row and column of one that does not fit', async () => {
      const { bigquery } = warehouse();
      bigquery.on('SELECT', [{ points: 1 }, { points: 'two' }]);
      const schema = z.object({ points: z.number().transform((points) => points * 2) });
      const query = bigquery.query('SELECT points', { schema });
      await expect(query).rejects.toThrow(InvalidDataError);
      await expect(query).rejects.toThrow('Row 2 of the query: column "points"');
      bigquery.on('SELECT', [{ points: 1 }]);
      expect(await bigquery.query('SELECT points', { schema })).toEqual([{ points: 2 }]);
    });

    it('give copies: who changes an answer changes nobody else’s', async () => {
      const { bigquery } = warehouse();
      const answer = [{ points: 1 }];
      bigquery.on('SELECT', answer);
      const [row] = await bigquery.query<{ points: number }>('SELECT 1');
      if (row !== undefined) row.points = 2;
      expect(await bigquery.query('SELECT 1')).toEqual([{ points: 1 }]);
    });
  });

  it('has the tables that it is given, and names them', () => {
    const { bigquery } = warehouse({
      tables: { 'nba_raw.schedule': [{ game_id: 'a' }], 'nba_raw.none': [] },
    });
    expect(bigquery.tables).toEqual(['nba_raw.schedule', 'nba_raw.none']);
    expect(bigquery.rowsOf('nba_raw.schedule')).toEqual([{ game_id: 'a' }]);
    expect(bigquery.rowsOf('nba_raw.unheard_of')).toEqual([]);
  });

  it('remembers its calls, what they were bounded by included', async () => {
    const { bigquery } = warehouse();
    bigquery.on('SELECT', []);
    const { signal } = new AbortController();
    await bigquery.query('SELECT @n', { params: { n: 1 }, timeout: '5s', signal });
    await bigquery.insert('a.b', [{ n: 1 }]);
    expect(bigquery.calls).toMatchObject([
      { method: 'query', sql: 'SELECT @n', params: { n: 1 }, options: { timeout: '5s', signal } },
      { method: 'insert', table: 'a.b' },
    ]);
  });

  it('can be away, hang and come back: what hung goes on, late', async () => {
    const { clock, bigquery } = warehouse();
    bigquery.fail();
    await expect(bigquery.insert('a.b', [{ n: 1 }])).rejects.toMatchObject({ kind: 'transient' });
    bigquery.hang();
    const inserting = bigquery.insert('a.b', [{ n: 2 }]);
    await clock.advance('1m');
    expect(bigquery.rowsOf('a.b')).toEqual([]);
    bigquery.recover();
    expect(await inserting).toEqual({ rows: 1 });
    expect(bigquery.rowsOf('a.b')).toEqual([{ n: 2 }]);
    expect(clock.pendingTimers).toBe(0);
  });
});
