import type { BigQueryClient } from 'breakwater';
import { type ExampleProcessor, processors } from '../../processors/index.ts';
import { dateColumnOf, tables } from '../../schemas/index.ts';

/** What can be run on a date, and what is left out for want of which tables. */
export interface Choice {
  readonly ready: readonly ExampleProcessor[];
  readonly leftOut: readonly { readonly processor: string; readonly tables: readonly string[] }[];
}

/** Processors whose required tables have rows for the date (of alternatives one is enough), and the others. */
export async function chooseProcessors(bigquery: BigQueryClient, date: string): Promise<Choice> {
  const filled = new Set<string>();
  for (const table of tables.filter((name) => name.includes('_raw.'))) {
    const [row] = await bigquery.query<{ n: number }>(
      `SELECT COUNT(*) AS n FROM ${table} WHERE ${dateColumnOf(table)} = @date`,
      { params: { date }, types: { date: 'DATE' } },
    );
    if (row !== undefined && row.n > 0) filled.add(table);
  }
  const lacking = (Processor: ExampleProcessor) =>
    Processor.requiredTables
      .filter((alternatives) => !alternatives.some((table) => filled.has(table)))
      .map((names) => names.join(' or '));
  return {
    ready: processors.filter((Processor) => lacking(Processor).length === 0),
    leftOut: processors
      .map((Processor) => ({ processor: Processor.processor.name, tables: lacking(Processor) }))
      .filter((entry) => entry.tables.length > 0),
  };
}
