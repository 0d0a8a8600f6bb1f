import { describe, expect, it } from 'vitest';
import { insertUnacknowledged, type InsertOptions } from '../../src/clients/index.ts';
import {
  ConfigurationError,
  InvalidDataError,
  ServiceError,
  UnacknowledgedError,
} from '../../src/errors/index.ts';
import { FakeStorage } from '../../src/testing/index.ts';
import type { Bed, WritableUnderTest } from './bigquery-contract.ts';
import { game, gamesIn, tableWith } from './bigquery-games.ts';
import { failure } from './bigquery-writes.ts';

/** Inserts in which no row is lost, and none comes twice. */
export function insertsContract(bed: Bed<WritableUnderTest>): void {
  const folder = () => {
    const storage = new FakeStorage({ clock: bed().clock });
    const deadLetters = { storage, prefix: 'dead/letters' };
    const filesOf = async () => (await storage.list('')).map(({ path }) => path);
    return { storage, deadLetters, filesOf };
  };
  const bad = { ...game('2'), points: Number.NaN };

  describe('an insert with an id', () => {
    it('is done once, whoever asks, and again under another id or into another table', async () => {
      const [table, second] = [await tableWith(bed(), []), await tableWith(bed(), [])];
      const rows = [game('1'), game('2')];
      for (const client of [bed().client, bed().other, bed().client])
        expect(await client.insert(table, rows, { insertId: 'games/2025-03-15' })).toEqual({ rows: 2 });
      expect(await gamesIn(bed(), table)).toEqual(rows);
      await bed().client.insert(second, [game('3')], { insertId: 'games/2025-03-15' });
      await bed().client.insert(table, [game('3')], { insertId: 'games/2025-03-16' });
      expect(await gamesIn(bed(), second)).toEqual([game('3')]);
      expect(await gamesIn(bed(), table)).toEqual([...rows, game('3')]);
    });

    it('that was refused has not been done', async () => {
      const table = await tableWith(bed(), []);
      const options = { insertId: 'games' };
      expect(await failure(bed().client.insert(table, [bad], options))).toBeInstanceOf(InvalidDataError);
      await bed().client.insert(table, [game('1')], options);
      expect(await gamesIn(bed(), table)).toEqual([game('1')]);
    });

    it.each(['', 'a b', 'x'.repeat(101), 'Dončić'])('can’t be %j', async (insertId) => {
      const table = await tableWith(bed(), []);
      const error = await failure(bed().client.insert(table, [game('1')], { insertId }));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error.message).toContain('insertId');
    });
  });

  describe('an insert with dead letters', () => {
    it('inserts the good rows, and puts the bad ones down with their reasons', async () => {
      const table = await tableWith(bed(), []);
      const { storage, deadLetters, filesOf } = folder();
      const rows = [game('1'), bad, game('3')];
      const path = `dead/letters/${table}/night%2F1.rejected.ndjson`;
      const options: InsertOptions = { deadLetters, insertId: 'night/1' };
      const result = await bed().client.insert(table, rows, options);
      expect(result).toEqual({ rows: 2, rejected: { rows: 1, path } });
      expect(await gamesIn(bed(), table)).toEqual([game('1'), game('3')]);
      expect(await filesOf()).toEqual([path]);
      const line = JSON.parse(storage.textOf(path) ?? '');
      expect(line).toMatchObject({ row: 2, data: { game_id: '2', points: 'NaN' } });
      expect(line.reason).toMatch(/row 2\b.*"points"/);
    });

    it('puts down also what JSON can’t hold, and what is no row', async () => {
      const table = await tableWith(bed(), []);
      const { storage, deadLetters } = folder();
      const rows = [{ ...game('1'), team: 7n }, null as unknown as object];
      const result = await bed().client.insert(table, rows, { deadLetters });
      expect(result).toMatchObject({ rows: 0, rejected: { rows: 2 } });
      const lines =
        storage
          .textOf(result.rejected?.path ?? '')
          ?.trimEnd()
          .split('\n') ?? [];
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([
        { row: 1, data: { game_id: '1', team: '7' } },
        { row: 2, data: null },
      ]);
      expect(await gamesIn(bed(), table)).toEqual([]);
    });

    it('leaves no file behind where all rows are good', async () => {
      const table = await tableWith(bed(), []);
      const { deadLetters, filesOf } = folder();
      expect(await bed().client.insert(table, [game('1')], { deadLetters })).toEqual({ rows: 1 });
      expect(await bed().client.insert(table, [], { deadLetters })).toEqual({ rows: 0 });
      expect(await gamesIn(bed(), table)).toEqual([game('1')]);
      expect(await filesOf()).toEqual([]);
    });

    it('refuses a row that no request takes', async () => {
      const table = await tableWith(bed(), []);
      const { deadLetters } = folder();
      const huge = game('2', { team: 'x'.repeat(10_000_000) });
      const error = await failure(bed().client.insert(table, [game('1'), huge]));
      expect(error).toBeInstanceOf(InvalidDataError);
      expect(error.message).toMatch(/row 2\b.*bytes/);
      expect((await bed().client.insert(table, [game('1'), huge], { deadLetters })).rejected?.rows).toBe(1);
      expect(await gamesIn(bed(), table)).toEqual([game('1')]);
    });

    it('writes nothing when the bad rows can’t be put down', async () => {
      const table = await tableWith(bed(), []);
      const { storage, deadLetters } = folder();
      storage.fail();
      const error = await failure(bed().client.insert(table, [game('1'), bad], { deadLetters }));
      expect(error).toBeInstanceOf(ServiceError);
      expect(await gamesIn(bed(), table)).toEqual([]);
    });

    it('keeps rows until they are acknowledged, and they can be inserted from there, once', async () => {
      const table = await tableWith(bed(), []);
      const { storage, deadLetters, filesOf } = folder();
      const rows = [game('1'), game('2', { team: 'Zürich 🏀', points: null })];
      const call = new AbortController();
      const reason = new Error('the run is over');
      // Given up between the file and the table, as by a process that is killed there.
      const save = storage.save.bind(storage);
      storage.save = async (...given) => {
        const saved = await save(...given);
        call.abort(reason);
        return saved;
      };
      const options = { deadLetters, insertId: 'night', signal: call.signal };
      expect(await failure(bed().client.insert(table, rows, options))).toBe(reason);
      storage.save = save;
      expect(await gamesIn(bed(), table)).toEqual([]);
      const file = `dead/letters/${table}/night.rows.ndjson`;
      expect(await filesOf()).toEqual([file]);
      const kept = storage.textOf(file) ?? '';

      expect(await insertUnacknowledged(bed().client, deadLetters)).toEqual({ files: 1, rows: 2 });
      expect(await gamesIn(bed(), table)).toEqual(rows);
      expect(await filesOf()).toEqual([]);
      // As if they had been acknowledged to nobody: the file is still there.
      await storage.save(file, kept);
      expect(await insertUnacknowledged(bed().other, deadLetters)).toEqual({ files: 1, rows: 2 });
      expect(await gamesIn(bed(), table)).toEqual(rows);
      expect(await insertUnacknowledged(bed().client, deadLetters)).toEqual({ files: 0, rows: 0 });
    });

    it('never overwrites a row that was put down, whatever the table takes later', async () => {
      const table = await tableWith(bed(), []);
      const { storage, deadLetters, filesOf } = folder();
      const options = { deadLetters, insertId: 'night' };
      const first = await bed().client.insert(table, [game('1'), bad], options);
      // As by an insert whose process was killed, of a row that the table took then.
      await storage.save(`dead/letters/${table}/night.rows.ndjson`, 'null\n');
      for (let time = 0; time < 2; time++) {
        expect(await insertUnacknowledged(bed().client, deadLetters)).toEqual({ files: 1 - time, rows: 0 });
        const files = await filesOf();
        expect(files).toHaveLength(2);
        expect(files.every((path) => path.includes('.rejected'))).toBe(true);
        expect(files).toContain(first.rejected?.path);
        const lines = files.map((path) => JSON.parse(storage.textOf(path) ?? ''));
        expect(new Set(lines.map(({ data }) => data?.game_id))).toEqual(new Set(['2', undefined]));
      }
      // The same again: no file more.
      expect((await bed().client.insert(table, [game('1'), bad], options)).rejected).toEqual(first.rejected);
      expect(await filesOf()).toHaveLength(2);
    });

    it('inserts what can be inserted of what was left, and then tells what can’t', async () => {
      const table = await tableWith(bed(), []);
      const { storage, deadLetters, filesOf } = folder();
      const gone = ['dead/letters/a_gone/x.rows.ndjson', 'dead/letters/zz_gone/x.rows.ndjson'];
      const line = (id: string) => `${JSON.stringify(game(id))}\n`;
      for (const path of gone) await storage.save(path, line('0'));
      const torn = `dead/letters/${table}/torn.rows.ndjson`;
      await storage.save(torn, '{"game_id":');
      await storage.save(`dead/letters/${table}/x.rows.ndjson`, line('1'));
      await storage.save(`dead/letters/${table}/y.rows.ndjson`, line('2'));
      const error = await failure(insertUnacknowledged(bed().client, deadLetters));
      expect(error).toBeInstanceOf(UnacknowledgedError);
      expect(error).toMatchObject({ kind: 'permanent', failed: 3, files: 2, rows: 2 });
      const paths = [...gone, torn].sort();
      expect((error as UnacknowledgedError).failures.map(({ path }) => path)).toEqual(paths);
      expect(await gamesIn(bed(), table)).toEqual([game('1'), game('2')]);
      expect(await filesOf()).toEqual(paths);
    });

    it.each(['', '../up', 'a//b'])('refuses the folder %j', async (prefix) => {
      const table = await tableWith(bed(), []);
      const deadLetters = { ...folder().deadLetters, prefix };
      const error = await failure(bed().client.insert(table, [game('1')], { deadLetters }));
      expect(error).toBeInstanceOf(ConfigurationError);
    });
  });
}
