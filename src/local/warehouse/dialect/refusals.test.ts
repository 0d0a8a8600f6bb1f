import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWarehouse, type Warehouse } from '../warehouse.ts';
import { functions } from './functions.ts';
import { refused, wrong } from './testing/refusals.ts';
import { constructs, loadTranslator, type Translator } from './translate.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

describe('the embedded dialect refuses', () => {
  let warehouse: Warehouse;
  let translate: Translator;
  beforeAll(async () => {
    warehouse = await openWarehouse({ file: ':memory:' });
    translate = await loadTranslator();
    await warehouse.query(`CREATE TABLE test.games (
      game_id STRING NOT NULL, game_date DATE, team STRING, points INT64, share FLOAT64, line NUMERIC, won BOOL, ended_at TIMESTAMP)`);
    const game_date = '2025-03-15';
    await warehouse.insert('test.games', [
      { game_id: '1', game_date, team: 'BOS', points: 100, share: 0.5, line: 99.5, won: true },
      { game_id: '2', game_date, team: 'LAL', points: 90, ended_at: '2025-03-16T01:00:00Z' },
    ]);
  });
  afterAll(() => warehouse.close());

  it.each(refused)('%s', async (sql, construct) => {
    const error = await warehouse.query(sql).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UnsupportedSqlError);
    expect(error).toMatchObject({ construct, kind: 'permanent' });
    expect((error as Error).message).toMatch(
      /does not know .*: its values are not tested.* Write .+, or run it on BigQuery$/s,
    );
  });

  it.each(wrong)('as BigQuery does: %s', async (sql, message) => {
    const error = await warehouse.query(sql).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ kind: 'permanent', message: expect.stringMatching(message) });
    expect(error).not.toBeInstanceOf(UnsupportedSqlError);
  });

  it('every function of DuckDB that is not on its list, however it is written', async () => {
    const rows = await duckFunctions();
    // Those that the parser has a kind of its own for come under that kind.
    const known = new Set([
      ...Object.keys(functions),
      ...Object.keys(constructs).map((kind) => kind.toUpperCase()),
    ]);
    for (const name of rows) {
      if (known.has(name.toUpperCase()) || sameValues.has(name)) continue;
      for (const args of ['', '1', "'a', 1", 'x, x, x']) {
        const attempt = () => translate(`SELECT ${name}(${args}) FROM UNNEST([1]) AS x`, {});
        expect(attempt, `${name}(${args})`).toThrow();
      }
    }
  });

  it('every function with a name that nobody knows', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z][a-z0-9_]{2,12}$/),
        fc.integer({ min: 0, max: 3 }),
        (name, count) => {
          const called = `zz_${name}`;
          const attempt = () =>
            translate(`SELECT ${called}(${Array(count).fill('x').join(', ')}) FROM test.games`, {});
          expect(attempt).toThrow(UnsupportedSqlError);
          expect(attempt).toThrow(called.toUpperCase());
        },
      ),
    );
  });

  it('its own macros', () => {
    for (const name of ['bq_now', 'BQ_DIVIDE', 'bq_condition', 'Bq_Text'])
      expect(() => translate(`SELECT ${name}(1, 2)`, {}), name).toThrow(UnsupportedSqlError);
  });

  /** The names that DuckDB has for functions, macros and aggregates. */
  async function duckFunctions(): Promise<string[]> {
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll(
      `SELECT DISTINCT function_name FROM duckdb_functions() WHERE regexp_matches(function_name, '^[a-z][a-z0-9_]*$')`,
    );
    const names = reader.getRows().map(([name]) => String(name));
    connection.closeSync();
    instance.closeSync();
    return names;
  }
});

// Names that BigQuery has as well, for what is on the list under another.
const sameValues: ReadonlySet<string> = new Set([
  'ceiling',
  'char_length',
  'character_length',
  'countif',
  'instr',
  'log',
  'max_by',
  'min_by',
  'mod',
  'ntile',
  'pow',
  'strpos',
  'substr',
]);
