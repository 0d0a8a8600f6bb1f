import type { Game, WritableUnderTest } from './bigquery-contract.ts';

export const saturday = { column: 'game_date', value: '2025-03-15' } as const;
export const sunday = { column: 'game_date', value: '2025-03-16' } as const;

/** A game of that Saturday, or as told. */
export function game(game_id: string, others: Partial<Game> = {}): Game {
  return { game_id, game_date: saturday.value, team: 'BOS', points: 100, ...others };
}

/** A new table with these rows. */
export async function tableWith(
  { client, newTable }: WritableUnderTest,
  rows: readonly Game[],
): Promise<string> {
  const table = await newTable();
  if (rows.length > 0) await client.insert(table, rows);
  return table;
}

/** The table's rows in order of their ids. */
export async function gamesIn({ rowsOf }: WritableUnderTest, table: string): Promise<Game[]> {
  const rows = (await rowsOf(table)) as unknown as Game[];
  return rows.sort((a, b) => (a.game_id < b.game_id ? -1 : a.game_id > b.game_id ? 1 : 0));
}

/** One JSON line each. */
export function ndjson(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
