import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors/index.ts';
import { createLocalContext, localObjects, localState, openWarehouse } from '../../src/local/index.ts';
import { startChild, type Told } from './child.ts';
import { partition, players, table } from './generations.ts';
import { tallies } from './tally.ts';

const script = new URL('./warehouse-writer.ts', import.meta.url);
const patience = { timeout: 120_000 };

describe('a warehouse that another process holds', () => {
  let dir: string;
  let file: string;
  let writer: Told<{ generation: number }>;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'breakwater-holders-'));
    file = join(dir, 'warehouse.duckdb');
    writer = startChild(script, file);
  });
  afterEach(async () => {
    await writer.kill();
    rmSync(dir, { recursive: true });
  });

  it('is not opened, and the error names that process', patience, async () => {
    await writer.told(1);
    const holder = `which process ${writer.child.pid} holds`;
    for (const open of [() => openWarehouse({ file }), () => createLocalContext({ dir })]) {
      const error = await open().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ConfigurationError);
      expect((error as Error).message).toContain(holder);
    }
  });

  it('leaves the state and the objects beside it to everybody', patience, async () => {
    await writer.told(1);
    using state = localState({ file: join(dir, 'state.sqlite') });
    using objects = localObjects({ dir: join(dir, 'objects') });
    const put = await state
      .collection(tallies)
      .put('shared', { total: 1, by: {} }, { ifVersion: undefined, expires: Date.now() + 3_600_000 });
    expect(put.ok).toBe(true);
    await objects.save('report.json', '{}');
    await writer.kill();

    const context = await createLocalContext({ dir });
    const { entry } = await context.store.collection(tallies).get('shared');
    expect(entry).toMatchObject({ readable: true, value: { total: 1 } });
    expect(await context.storage.read('report.json')).toBeDefined();
    await context.close();
  });

  it('is whole after that process was killed in mid-write, and opens at once', patience, async () => {
    let newest = 0;
    for (const writes of [2, 3, 5]) {
      await writer.told(writes);
      await writer.kill();
      const told = writer.messages.at(-1)?.generation ?? 0;
      const warehouse = await openWarehouse({ file });
      const generations = await warehouse.query<{ generation: number; n: number }>(
        `SELECT generation, COUNT(DISTINCT player) AS n FROM ${table} WHERE game_date = @day GROUP BY generation`,
        { params: { day: partition.value }, types: { day: 'DATE' } },
      );
      // The last that was told of, or the one that was under way: never a mix, and never none.
      expect(generations).toHaveLength(1);
      const [{ generation, n } = { generation: 0, n: 0 }] = generations;
      expect(n).toBe(players);
      expect([told, told + 1]).toContain(generation);
      // The fence that it raised stands, as it was written with the rows.
      const late = warehouse.replacePartition(table, partition, [], {
        fence: { key: table, token: generation - 1 },
      });
      await expect(late).rejects.toThrow(`is older than ${generation}`);
      newest = generation;
      await warehouse.query(`DROP TABLE ${table}`);
      await warehouse.query(`DROP TABLE ${table}_fence`);
      await warehouse.close();
      writer = startChild(script, file);
    }
    expect(newest).toBeGreaterThan(0);
  });
});
