import { describe, expect, it } from 'vitest';
import { ConfigurationError, InvalidDataError } from '../../src/errors/index.ts';
import type { Bed, WritableUnderTest } from './bigquery-contract.ts';
import { game, gamesIn, saturday, tableWith } from './bigquery-games.ts';
import { failure } from './bigquery-writes.ts';

/** Writes to columns that have types. */
export function typedWritesContract(bed: Bed<WritableUnderTest>, dataset: string): void {
  let count = 0;
  const newTable = async () => {
    const table = `${dataset}.typed_${++count}`;
    await bed().client.query(`CREATE OR REPLACE TABLE ${table} (
      id STRING NOT NULL, day DATE, n INT64, share FLOAT64, line NUMERIC, won BOOL, at TIMESTAMP, tags ARRAY<STRING>)`);
    return table;
  };
  const empty = { day: null, n: null, share: null, line: null, won: null, at: null, tags: [] };

  describe('writing to columns with types', () => {
    const row = {
      id: '1',
      day: '2025-03-15',
      n: 9007199254740991,
      share: 0.1,
      line: 221.5,
      won: false,
      at: '2025-03-15T23:30:00.000Z',
      tags: ['a', 'b'],
    };

    it('keeps every value', async () => {
      const table = await newTable();
      await bed().client.insert(table, [row, { id: '2' }]);
      await bed().client.load(table, `${JSON.stringify({ ...row, id: '3' })}\n{"id": "4", "day": null}`);
      expect(await bed().client.query(`SELECT * FROM ${table} ORDER BY id`)).toEqual([
        row,
        { id: '2', ...empty },
        { ...row, id: '3' },
        { id: '4', ...empty },
      ]);
    });

    it('replaces and merges them as well', async () => {
      const table = await newTable();
      const scope = { column: 'day', value: '2025-03-15' };
      await bed().client.replacePartition(table, scope, [row]);
      await bed().client.merge(table, [{ ...row, n: 1 }], { key: ['id'], scope });
      expect(await bed().client.query(`SELECT * FROM ${table}`)).toEqual([{ ...row, n: 1 }]);
    });

    const forms: [field: string, given: unknown, held: unknown][] = [
      ['n', '9007199254740991', 9007199254740991],
      ['n', '-12', -12],
      ['share', '0.5', 0.5],
      ['share', 3, 3],
      ['line', '1.5', 1.5],
      ['at', '2025-03-15T19:30:00-04:00', '2025-03-15T23:30:00.000Z'],
      ['at', '2025-03-15 23:30:00 UTC', '2025-03-15T23:30:00.000Z'],
      ['at', '2025-03-15 23:30:00', '2025-03-15T23:30:00.000Z'],
      ['at', '2025-03-15T23:30:00.123456Z', '2025-03-15T23:30:00.123456Z'],
      ['tags', null, []],
    ];
    it.each(forms)('takes for the column %s also %j', async (field, given, held) => {
      const table = await newTable();
      await bed().client.load(table, JSON.stringify({ id: '1', [field]: given }));
      await bed().client.insert(table, [{ id: '2', [field]: given }]);
      expect(await bed().client.query(`SELECT ${field} AS held FROM ${table}`)).toEqual([{ held }, { held }]);
    });

    const wrong: [field: string, given: unknown][] = [
      ['n', 1.5],
      ['n', 'twelve'],
      ['n', true],
      ['share', 'half'],
      ['line', {}],
      ['won', 1],
      ['day', '2025-02-30'],
      ['day', '15 March 2025'],
      ['at', 'yesterday'],
      ['at', '2025-03-15T25:00:00Z'],
      ['tags', 'a'],
      ['tags', ['a', null]],
      ['tags', ['a', 1]],
      ['id', 5],
      ['id', null],
      ['nowhere', 1],
    ];
    it.each(wrong)('refuses for the column %s %j, naming where, and writes none', async (field, given) => {
      const table = await newTable();
      const good = { id: '1' };
      const bad = { id: '2', [field]: given };
      const inserted = await failure(bed().client.insert(table, [good, bad]));
      expect(inserted).toBeInstanceOf(InvalidDataError);
      expect(inserted.message).toMatch(new RegExp(`row 2\\b.*"${field}"`));
      const lines = `${JSON.stringify(good)}\n\n${JSON.stringify(bad)}\n`;
      const loaded = await failure(bed().client.load(table, lines, { source: 'night.ndjson' }));
      expect(loaded).toBeInstanceOf(InvalidDataError);
      expect(loaded.message).toMatch(new RegExp(`^night\\.ndjson line 3\\b.*"${field}"`));
      expect(await bed().client.query(`SELECT COUNT(*) AS n FROM ${table}`)).toEqual([{ n: 0 }]);
    });

    it('wants a value where a column must have one', async () => {
      const table = await newTable();
      const error = await failure(bed().client.insert(table, [{ n: 1 }]));
      expect(error).toBeInstanceOf(InvalidDataError);
      expect(error.message).toMatch(/row 1\b.*"id"/);
    });

    it('refuses a partition or a key by a column that is not there', async () => {
      const table = await tableWith(bed(), [game('1')]);
      const { client } = bed();
      const calls = [
        client.replacePartition(table, { ...saturday, column: 'nowhere' }, []),
        client.merge(table, [], { key: ['game_id'], scope: { ...saturday, column: 'nowhere' } }),
        client.merge(table, [], { key: ['nowhere'], scope: saturday }),
      ];
      for (const error of await Promise.all(calls.map(failure))) {
        expect(error).toBeInstanceOf(ConfigurationError);
        expect(error.message).toContain('nowhere');
      }
      expect(await gamesIn(bed(), table)).toEqual([game('1')]);
    });
  });
}
