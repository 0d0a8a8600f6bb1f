import type { BigQueryClient } from 'breakwater';
import { stage } from './cast.ts';
import { type NightSlate, seasonOf } from './slate-of-the-night.ts';

/** Writes what a scraper knows of the day at the instant, replaced as a whole. */
export async function scrape(
  bigquery: BigQueryClient,
  slate: NightSlate,
  table: string,
  at: number,
): Promise<void> {
  const rows = seasonOf(slate, table).rows(table, slate.date, { at });
  await bigquery.replacePartition(table, { column: 'game_date', value: slate.date }, rows);
}

/** What was in the warehouse when the evening began: the baseball season so far, and the day until now. */
export async function fillHistory(bigquery: BigQueryClient, slate: NightSlate): Promise<void> {
  const { mlb, date, startsAt } = slate;
  for (const table of stage.mlb) {
    const past = mlb.dates.filter((day) => day < date).flatMap((day) => mlb.rows(table, day));
    await bigquery.load(table, past.map((row) => `${JSON.stringify(row)}\n`).join(''));
  }
  for (const table of [...stage.nba, ...stage.mlb]) await scrape(bigquery, slate, table, startsAt);
}
