import { describe, expect, it } from 'vitest';
import { ConfigurationError, InvalidDataError } from '../../src/errors/index.ts';
import type { Bed, WritableUnderTest } from './bigquery-contract.ts';
import { game, gamesIn, saturday, sunday, tableWith } from './bigquery-games.ts';

/** Rows that are inserted, partitions that are replaced, rows that are merged. */
export function writesContract(bed: Bed<WritableUnderTest>): void {
  describe('inserting', () => {
    it('appends rows, and counts them', async () => {
      const table = await tableWith(bed(), []);
      expect(await bed().client.insert(table, [game('1'), game('2')])).toEqual({ rows: 2 });
      expect(await bed().other.insert(table, [game('3')])).toEqual({ rows: 1 });
      expect(await gamesIn(bed(), table)).toEqual([game('1'), game('2'), game('3')]);
    });

    it('keeps nulls, texts with all their characters, and what appears twice', async () => {
      const odd = game('1', { team: `Dončić's "77" \\ \n🏀`, points: null });
      const table = await tableWith(bed(), [odd, odd]);
      expect(await gamesIn(bed(), table)).toEqual([odd, odd]);
    });

    it('takes no rows at all', async () => {
      const table = await tableWith(bed(), [game('1')]);
      expect(await bed().client.insert(table, [])).toEqual({ rows: 0 });
      expect(await gamesIn(bed(), table)).toEqual([game('1')]);
    });

    it('writes all rows or none, and names the row and the field that is wrong', async () => {
      const table = await tableWith(bed(), [game('1')]);
      const rows = [game('2'), { ...game('3'), points: Number.NaN }];
      const error = await failure(bed().client.insert(table, rows));
      expect(error).toBeInstanceOf(InvalidDataError);
      expect(error.message).toMatch(/row 2\b.*"points"/);
      expect(await gamesIn(bed(), table)).toEqual([game('1')]);
    });
  });

  describe('replacing a partition', () => {
    it('leaves the given rows in it, and the other partitions as they were', async () => {
      const kept = game('9', { game_date: sunday.value });
      const table = await tableWith(bed(), [game('1'), game('2'), kept]);
      const rows = [game('2', { points: 90 }), game('3')];
      expect(await bed().client.replacePartition(table, saturday, rows)).toEqual({ rows: 2 });
      expect(await gamesIn(bed(), table)).toEqual([...rows, kept]);
    });

    it('gives the same rows when it is done twice', async () => {
      const table = await tableWith(bed(), []);
      for (const client of [bed().client, bed().other])
        await client.replacePartition(table, saturday, [game('1'), game('2')]);
      expect(await gamesIn(bed(), table)).toEqual([game('1'), game('2')]);
    });

    it('empties it with no rows', async () => {
      const kept = game('9', { game_date: sunday.value });
      const table = await tableWith(bed(), [game('1'), kept]);
      expect(await bed().client.replacePartition(table, saturday, [])).toEqual({ rows: 0 });
      expect(await gamesIn(bed(), table)).toEqual([kept]);
    });

    it('refuses a row of another partition, and changes nothing', async () => {
      const table = await tableWith(bed(), [game('1')]);
      const rows = [game('2'), game('3', { game_date: sunday.value })];
      const error = await failure(bed().client.replacePartition(table, saturday, rows));
      expect(error).toBeInstanceOf(InvalidDataError);
      expect(error.message).toMatch(/row 2\b.*"game_date".*2025-03-15.*2025-03-16/);
      expect(await gamesIn(bed(), table)).toEqual([game('1')]);
    });

    it.each(['2025-02-30', '2025-3-5', 'today', '', '2025-03-15T00:00:00Z'])(
      'refuses the partition %j',
      async (value) => {
        const table = await tableWith(bed(), [game('1')]);
        const partition = { column: 'game_date', value };
        const error = await failure(bed().client.replacePartition(table, partition, []));
        expect(error).toBeInstanceOf(ConfigurationError);
        expect(error.message).toContain('partition.value');
        expect(await gamesIn(bed(), table)).toEqual([game('1')]);
      },
    );
  });

  describe('merging', () => {
    const options = { key: ['game_id'], scope: saturday } as const;

    it('adds new rows, replaces those with the key, and deletes those in scope that were not given', async () => {
      const outside = game('9', { game_date: sunday.value });
      const table = await tableWith(bed(), [game('1'), game('2'), outside]);
      const rows = [game('2', { points: 90, team: null }), game('3')];
      expect(await bed().client.merge(table, rows, options)).toEqual({ rows: 2 });
      expect(await gamesIn(bed(), table)).toEqual([...rows, outside]);
    });

    it('moves a row with the key into the scope', async () => {
      const table = await tableWith(bed(), [game('1', { game_date: sunday.value, points: 7 })]);
      await bed().client.merge(table, [game('1')], options);
      expect(await gamesIn(bed(), table)).toEqual([game('1')]);
    });

    it('gives the same rows when it is done twice', async () => {
      const table = await tableWith(bed(), []);
      for (const client of [bed().client, bed().other])
        await client.merge(table, [game('1'), game('2')], options);
      expect(await gamesIn(bed(), table)).toEqual([game('1'), game('2')]);
    });

    it('empties the scope with no rows', async () => {
      const outside = game('9', { game_date: sunday.value });
      const table = await tableWith(bed(), [game('1'), outside]);
      expect(await bed().client.merge(table, [], options)).toEqual({ rows: 0 });
      expect(await gamesIn(bed(), table)).toEqual([outside]);
    });

    it('takes NULLs in a key as the same', async () => {
      const outside = game('1', { team: null, game_date: sunday.value });
      const table = await tableWith(bed(), [outside, game('1', { game_date: sunday.value })]);
      await bed().client.merge(table, [game('1', { team: null, points: 3 })], {
        key: ['game_id', 'team'],
        scope: saturday,
      });
      const found = await gamesIn(bed(), table);
      expect(found.map(({ team, points }) => ({ team, points }))).toEqual(
        expect.arrayContaining([
          { team: null, points: 3 },
          { team: 'BOS', points: 100 },
        ]),
      );
      expect(found).toHaveLength(2);
    });

    it('refuses two rows with one key, and changes nothing', async () => {
      const table = await tableWith(bed(), [game('1')]);
      const error = await failure(bed().client.merge(table, [game('2'), game('2', { points: 1 })], options));
      expect(error).toBeInstanceOf(InvalidDataError);
      expect(error.message).toContain('game_id');
      expect(await gamesIn(bed(), table)).toEqual([game('1')]);
    });

    it('refuses a row out of scope, and changes nothing', async () => {
      const table = await tableWith(bed(), [game('1')]);
      const rows = [game('2', { game_date: sunday.value })];
      await expect(bed().client.merge(table, rows, options)).rejects.toThrow(InvalidDataError);
      expect(await gamesIn(bed(), table)).toEqual([game('1')]);
    });

    it('wants a key', async () => {
      const table = await tableWith(bed(), [game('1')]);
      const error = await failure(bed().client.merge(table, [game('2')], { key: [], scope: saturday }));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error.message).toContain('key');
      expect(await gamesIn(bed(), table)).toEqual([game('1')]);
    });
  });

  it.each(['games', 'a.b.c.d', 'test.games; DROP TABLE test.games', 'test."games"', '.games', ''])(
    'refuses the table name %j in every write',
    async (table) => {
      const { client } = bed();
      const writes = [
        client.insert(table, [game('1')]),
        client.load(table, '{}'),
        client.replacePartition(table, saturday, [game('1')]),
        client.merge(table, [game('1')], { key: ['game_id'], scope: saturday }),
      ];
      for (const error of await Promise.all(writes.map(failure)))
        expect(error).toBeInstanceOf(ConfigurationError);
    },
  );
}

/** The error that a call ends in. */
export async function failure(call: Promise<unknown>): Promise<Error> {
  const [result] = await Promise.allSettled([call]);
  if (result.status === 'fulfilled')
    throw new Error(`expected an error, received ${JSON.stringify(result.value)}`);
  return result.reason as Error;
}
