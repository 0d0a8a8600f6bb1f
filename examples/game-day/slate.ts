import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BigQueryClient, ConfigurationError, type RunResult } from 'breakwater';
import { createLocalContext, type LocalContext, openWarehouse } from 'breakwater/local';
import { createDispatcher, dependencyLevels, recoverHolders } from 'breakwater/trigger';
import { type ExampleProcessor, processors } from '../processors/index.ts';
import { createTables, dateColumnOf, type Table, tables } from '../schemas/index.ts';
import { printSlateReport } from './slate-report.ts';

export interface SlateOptions {
  /** A folder of NDJSON files, `<dataset>.<table>.ndjson`. */
  readonly slate: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly out?: string | undefined;
  /** Kept between calls; default: a temporary folder that is deleted. */
  readonly dir?: string | undefined;
  readonly json: boolean;
}

/** What one call did. */
export interface SlateReport {
  readonly date: string;
  readonly runs: readonly SlateRun[];
  /** Processors left out, and the tables that have no row for the date. */
  readonly leftOut: readonly { readonly processor: string; readonly tables: readonly string[] }[];
  /** Runs of an earlier call that had ended without a word. */
  readonly recovered: readonly { readonly key: string; readonly runId: string; readonly reason: string }[];
  readonly files: readonly { readonly table: string; readonly rows: number }[];
}

export interface SlateRun {
  readonly processor: string;
  readonly key: string;
  readonly date: string;
  readonly status: RunResult['status'];
  readonly reason: RunResult['reason'];
  readonly missing: readonly string[];
  readonly rows: number;
  readonly durationMs: number;
  readonly attempt: number;
  readonly runId: string;
  readonly error: string | null;
  /** Whether an earlier call had parked it. */
  readonly wasParked: boolean;
}

/**
 * Loads the folder's tables, runs every processor whose tables have rows for the date, and reports.
 *
 * @returns The exit code: 0 when nothing failed (a skip is no failure), 1 otherwise.
 * @throws ConfigurationError or InvalidDataError before anything is written.
 */
export async function runSlate(options: SlateOptions): Promise<number> {
  const files = await filesOf(options.slate);
  await rehearse(options.slate, files);
  const temporary =
    options.dir === undefined ? await mkdtemp(join(tmpdir(), 'breakwater-slate-')) : undefined;
  try {
    const context = await createLocalContext({ dir: temporary ?? options.dir! });
    try {
      const report = await runOn(context, options, files);
      if (options.out !== undefined) await writeOutputs(context.bigquery, options.out);
      printSlateReport(report, options);
      return report.runs.some(({ status }) => status === 'failed' || status === 'timed_out') ? 1 : 0;
    } finally {
      await context.close();
    }
  } finally {
    if (temporary !== undefined) await rm(temporary, { recursive: true });
  }
}

async function runOn(
  context: LocalContext,
  options: SlateOptions,
  files: readonly Table[],
): Promise<SlateReport> {
  const { date } = options;
  // The warehouse is ours alone now: what an earlier process left half done will not be finished by it.
  const recovered = await recoverHolders(context, (holder) => context.deathOf(holder));
  await createTables(context.bigquery);
  const loaded = [];
  for (const table of files) loaded.push({ table, rows: await load(context.bigquery, options.slate, table) });

  const { ready, leftOut } = await choose(context.bigquery, date);
  const runs: SlateRun[] = [];
  let wasParked = true;
  const dispatcher = createDispatcher({
    processors: ready,
    context,
    on: (result) => runs.push(runOf(result, wasParked)),
  });
  for (const { table } of loaded) dispatcher.tableUpdated(table, [date]);
  // What an earlier call parked is started by the sweep, like on any other day.
  await dispatcher.sweep();
  wasParked = false;
  const done = new Set(runs.filter(({ date: day }) => day === date).map(({ processor }) => processor));
  for (const level of levels(context, ready, date)) {
    for (const Processor of level) {
      const { name } = Processor.processor;
      if (!done.has(name))
        await dispatcher.dispatch(name, { startDate: date, endDate: date }, { trigger: 'slate' });
    }
  }
  return { date, runs, leftOut, recovered, files: loaded };
}

/** Processors whose required tables have rows for the date (of alternatives one is enough), and the others. */
async function choose(bigquery: BigQueryClient, date: string) {
  const filled = new Set<string>();
  for (const table of tables.filter(isRaw)) {
    const [row] = await bigquery.query<{ n: number }>(
      `SELECT COUNT(*) AS n FROM ${table} WHERE ${dateColumnOf(table)} = @date`,
      {
        params: { date },
      },
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

function levels(context: LocalContext, ready: readonly ExampleProcessor[], date: string) {
  return dependencyLevels(ready, (Processor) => ({
    output: Processor.processor.output,
    needs: new Processor(context)
      .upstream({ startDate: date, endDate: date })
      .flatMap(({ output }) => output ?? []),
  }));
}

function runOf(result: RunResult, wasParked: boolean): SlateRun {
  const error = 'error' in result ? result.error : undefined;
  return {
    processor: result.processor,
    key: result.key,
    date: result.date,
    status: result.status,
    reason: result.reason,
    missing: result.status === 'skipped' ? result.missing : [],
    rows: result.stats.rowsWritten,
    durationMs: Math.round(result.durationMs),
    attempt: result.attempt,
    runId: result.runId,
    error:
      error === undefined ? null : error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    wasParked,
  };
}

/** The tables that the folder has a file of. */
async function filesOf(folder: string): Promise<readonly Table[]> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new ConfigurationError('--slate', 'a folder that is there', folder);
  const names = await readdir(folder);
  const known = tables.filter((table) => names.includes(`${table}.ndjson`));
  if (known.length === 0) {
    throw new ConfigurationError(
      '--slate',
      'a folder with files such as nba_raw.nbac_schedule.ndjson',
      folder,
    );
  }
  const strange = names.filter(
    (name) => name.endsWith('.ndjson') && !known.some((table) => name === `${table}.ndjson`),
  );
  for (const name of strange)
    process.stderr.write(`note: ${name} is not a table that these processors know; it is left out\n`);
  return known;
}

/** Loads everything into a warehouse that is thrown away, so that a bad line is found before anything is written. */
async function rehearse(folder: string, files: readonly Table[]): Promise<void> {
  const scratch = await openWarehouse({ file: ':memory:' });
  try {
    await createTables(scratch);
    for (const table of files) await load(scratch, folder, table);
  } finally {
    await scratch.close();
  }
}

async function load(bigquery: BigQueryClient, folder: string, table: Table): Promise<number> {
  const name = `${table}.ndjson`;
  const { rows } = await bigquery.load(table, createReadStream(join(folder, name)), {
    mode: 'truncate',
    source: name,
  });
  return rows;
}

async function writeOutputs(bigquery: BigQueryClient, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const table of new Set(processors.map(({ processor }) => processor.output))) {
    const Processor = processors.find(({ processor }) => processor.output === table)!;
    const rows = await bigquery.query(
      `SELECT * FROM ${table} ORDER BY ${Processor.processor.key.join(', ')}`,
    );
    const path = join(folder, `${table}.ndjson`);
    // Renamed into place, so that a file is there whole or not at all.
    const draft = `${path}.${randomUUID()}`;
    await writeFile(draft, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    await rename(draft, path);
  }
}

function isRaw(table: string): boolean {
  return table.includes('_raw.');
}
