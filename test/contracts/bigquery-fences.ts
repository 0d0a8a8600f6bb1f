import { describe, expect, it } from 'vitest';
import type { BigQueryClient, Fence } from '../../src/clients/index.ts';
import { ConfigurationError, InvalidDataError, LostLeaseError } from '../../src/errors/index.ts';
import type { Bed, Game, WritableUnderTest } from './bigquery-contract.ts';
import { game, gamesIn, saturday, sunday, tableWith } from './bigquery-games.ts';
import { failure } from './bigquery-writes.ts';

type Write = (client: BigQueryClient, table: string, rows: readonly Game[], fence: Fence) => Promise<unknown>;

const writes: readonly (readonly [name: string, write: Write])[] = [
  [
    'replacing a partition',
    (client, table, rows, fence) => client.replacePartition(table, saturday, rows, { fence }),
  ],
  [
    'merging',
    (client, table, rows, fence) => client.merge(table, rows, { key: ['game_id'], scope: saturday, fence }),
  ],
];

/** Writes of runs that have been taken over. */
export function fencesContract(bed: Bed<WritableUnderTest>): void {
  describe.each(writes)('a fence in %s', (_name, write) => {
    const fence = (token: number, key = 'games/2025-03-15') => ({ key, token });

    it('lets a newer token write after an older one', async () => {
      const table = await tableWith(bed(), []);
      await write(bed().client, table, [game('1')], fence(7));
      await write(bed().other, table, [game('2')], fence(8));
      expect(await gamesIn(bed(), table)).toEqual([game('2')]);
    });

    it('refuses an older token, and writes nothing', async () => {
      const table = await tableWith(bed(), []);
      await write(bed().client, table, [game('2')], fence(8));
      const error = await failure(write(bed().other, table, [game('1')], fence(7)));
      expect(error).toBeInstanceOf(LostLeaseError);
      expect(error.message).toMatch(/\b7\b.*\b8\b/);
      expect(await gamesIn(bed(), table)).toEqual([game('2')]);
    });

    it('lets the same token write again', async () => {
      const table = await tableWith(bed(), []);
      await write(bed().client, table, [game('1')], fence(8));
      await write(bed().client, table, [game('2')], fence(8));
      expect(await gamesIn(bed(), table)).toEqual([game('2')]);
    });

    it('takes tokens as large as milliseconds and any safe number are', async () => {
      const table = await tableWith(bed(), []);
      await write(bed().client, table, [game('1')], fence(Number.MAX_SAFE_INTEGER - 1));
      await write(bed().client, table, [game('2')], fence(Number.MAX_SAFE_INTEGER));
      const late = write(bed().client, table, [game('3')], fence(Number.MAX_SAFE_INTEGER - 1));
      await expect(late).rejects.toThrow(LostLeaseError);
      expect(await gamesIn(bed(), table)).toEqual([game('2')]);
    });

    it('keeps keys apart, and tables', async () => {
      const table = await tableWith(bed(), []);
      const second = await tableWith(bed(), []);
      await write(bed().client, table, [game('1')], fence(9));
      await write(bed().client, table, [game('2')], fence(1, 'games/other'));
      await write(bed().client, second, [game('3')], fence(1));
      expect(await gamesIn(bed(), table)).toEqual([game('2')]);
      expect(await gamesIn(bed(), second)).toEqual([game('3')]);
    });

    it('is not raised by a write that fails', async () => {
      const table = await tableWith(bed(), []);
      const wrong = write(bed().client, table, [game('1', { game_date: sunday.value })], fence(9));
      await expect(wrong).rejects.toThrow(InvalidDataError);
      await write(bed().client, table, [game('2')], fence(3));
      expect(await gamesIn(bed(), table)).toEqual([game('2')]);
    });

    it('is raised by a write of no rows', async () => {
      const table = await tableWith(bed(), []);
      await write(bed().client, table, [], fence(9));
      await expect(write(bed().client, table, [game('1')], fence(8))).rejects.toThrow(LostLeaseError);
      expect(await gamesIn(bed(), table)).toEqual([]);
    });

    it('leaves the rows of the newest of several writers at the same time', async () => {
      const table = await tableWith(bed(), []);
      const tokens = [3, 9, 1, 7, 5];
      const results = await Promise.allSettled(
        tokens.map((token, index) =>
          write(index % 2 ? bed().client : bed().other, table, [game(String(token))], fence(token)),
        ),
      );
      expect(await gamesIn(bed(), table)).toEqual([game('9')]);
      expect(results[1]?.status).toBe('fulfilled');
      for (const result of results)
        if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(LostLeaseError);
    });

    it.each([Number.NaN, -1, 1.5, Infinity, 2 ** 53])('refuses the token %d', async (token) => {
      const table = await tableWith(bed(), [game('1')]);
      const error = await failure(write(bed().client, table, [game('2')], fence(token)));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error.message).toContain('fence.token');
      expect(await gamesIn(bed(), table)).toEqual([game('1')]);
    });
  });

  it('has one fence for both kinds of write', async () => {
    const table = await tableWith(bed(), []);
    const [[, replace], [, merge]] = writes as [(typeof writes)[0], (typeof writes)[0]];
    await replace(bed().client, table, [game('1')], { key: 'k', token: 5 });
    await expect(merge(bed().client, table, [game('2')], { key: 'k', token: 4 })).rejects.toThrow(
      LostLeaseError,
    );
    await merge(bed().client, table, [game('3')], { key: 'k', token: 6 });
    await expect(replace(bed().client, table, [game('4')], { key: 'k', token: 5 })).rejects.toThrow(
      LostLeaseError,
    );
    expect(await gamesIn(bed(), table)).toEqual([game('3')]);
  });
}
