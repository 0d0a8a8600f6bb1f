import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../testing/virtual-clock.ts';
import { openWarehouse, type Warehouse } from '../warehouse.ts';
import { functions } from './functions.ts';
import { constructs, loadTranslator } from './translate.ts';
import { changeValues, expressionValues, queryValues } from './testing/cases.ts';

/** Half past nine in the evening in New York, already the next day in UTC. */
const now = '2025-03-16T01:30:00Z';

describe('the embedded dialect', () => {
  let warehouse: Warehouse;
  beforeAll(async () => {
    warehouse = await openWarehouse({ file: ':memory:', clock: new VirtualClock({ wall: now }) });
    await warehouse.query(`CREATE TABLE test.games (
      game_id STRING NOT NULL, game_date DATE, team STRING, points INT64, share FLOAT64, line NUMERIC, won BOOL, ended_at TIMESTAMP)`);
    await warehouse.insert('test.games', games);
  });
  afterAll(() => warehouse.close());

  it.each(expressionValues.map(([expression, value, params]) => ({ expression, value, params })))(
    'gives $value for $expression',
    async ({ expression, value, params }) => {
      const [row] = await warehouse.query(`SELECT ${expression} AS value`, params);
      expect(row?.value).toEqual(value);
    },
  );

  it.each(queryValues.map(([sql, rows, params]) => ({ sql, rows, params })))(
    'answers $sql',
    async ({ sql, rows, params }) => {
      expect(await warehouse.query(sql, params)).toEqual(rows);
    },
  );

  it.each(changeValues.map(([change, query, rows, params]) => ({ change, query, rows, params })))(
    'changes by $change what a change should',
    async ({ change, query, rows, params }) => {
      try {
        expect(await warehouse.query(change, params)).toEqual([]);
        expect(await warehouse.query(query)).toEqual(rows);
      } finally {
        await warehouse.query('DELETE FROM test.games WHERE TRUE');
        await warehouse.insert('test.games', games);
      }
    },
  );

  it('has a case of its value for everything on its list', async () => {
    const seen = new Set<string>();
    const translate = await loadTranslator((construct) => seen.add(construct));
    for (const [expression, , options] of expressionValues)
      translate(`SELECT ${expression}`, options?.types ?? {});
    for (const [sql, , options] of queryValues) translate(sql, options?.types ?? {});
    for (const [sql, , , options] of changeValues) translate(sql, options?.types ?? {});
    // A plain function is listed by its own name.
    const kinds = Object.keys(constructs).filter((kind) => kind !== 'function');
    const listed = [...kinds, ...Object.keys(functions).map((name) => `function ${name}`)];
    expect(listed.filter((name) => !seen.has(name))).toEqual([]);
  });
});

const games = [
  {
    game_id: '1',
    game_date: '2025-03-14',
    team: 'BOS',
    points: 100,
    share: 0.5,
    line: 99.5,
    won: true,
    ended_at: '2025-03-15T02:10:00Z',
  },
  {
    game_id: '2',
    game_date: '2025-03-15',
    team: 'BOS',
    points: 90,
    share: 0.25,
    line: 101.5,
    won: false,
    ended_at: '2025-03-16T01:00:00Z',
  },
  {
    game_id: '3',
    game_date: '2025-03-15',
    team: 'LAL',
    points: 110,
    share: null,
    line: null,
    won: true,
    ended_at: null,
  },
  {
    game_id: '4',
    game_date: '2025-03-16',
    team: null,
    points: null,
    share: 0.75,
    line: 88,
    won: null,
    ended_at: '2025-03-16T04:00:00.250Z',
  },
];
