import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunResult } from 'breakwater';
import { createLocalContext, type LocalContext } from 'breakwater/local';
import { createDispatcher, dependencyLevels, recoverHolders } from 'breakwater/trigger';
import { createUpstreamReader } from 'breakwater/upstream';
import type { ExampleProcessor } from '../../processors/index.ts';
import { createTables, type Table } from '../../schemas/index.ts';
import { requireFolder } from '../folders.ts';
import { type Choice, chooseProcessors } from './choose-processors.ts';
import { writeOutputs } from './outputs.ts';
import { printSlateReport } from './print-report.ts';
import { load, rehearse, tablesIn } from './slate-files.ts';

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
  readonly leftOut: Choice['leftOut'];
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

const askAgainAfter = 1_000;

/**
 * Loads the folder's tables, runs every processor whose tables have rows for the date, and reports.
 *
 * @returns The exit code: 0 when nothing failed (a skip is no failure), 1 otherwise.
 * @throws ConfigurationError or InvalidDataError before anything is written.
 */
export async function runSlate(options: SlateOptions): Promise<number> {
  const { slate, out, dir } = options;
  const files = await tablesIn(slate);
  if (out !== undefined) await requireFolder('--out', out);
  if (dir !== undefined) await requireFolder('--dir', dir);
  await rehearse(slate, files);
  const temporary = dir === undefined ? await mkdtemp(join(tmpdir(), 'breakwater-slate-')) : undefined;
  try {
    const context = await createLocalContext({
      dir: temporary ?? dir!,
      config: { parking: { lookEvery: askAgainAfter } },
    });
    try {
      const report = await runOn(asked(context), options, files);
      if (out !== undefined) await writeOutputs(context.bigquery, report.runs, out);
      printSlateReport(report, options);
      return report.runs.some(({ status }) => status === 'failed' || status === 'timed_out') ? 1 : 0;
    } finally {
      await context.close();
    }
  } finally {
    if (temporary !== undefined) await rm(temporary, { recursive: true });
  }
}

/** What is ready is started by this call and no later one, so its own warehouse may be asked again soon. */
function asked(context: LocalContext): LocalContext {
  const { bigquery, clock, logger } = context;
  return {
    ...context,
    upstream: createUpstreamReader({ bigquery, clock, logger, interval: askAgainAfter }),
  };
}

async function runOn(
  context: LocalContext,
  { slate, date }: SlateOptions,
  tables: readonly Table[],
): Promise<SlateReport> {
  // The warehouse is ours alone now: what an earlier process left half done will not be finished by it.
  const recovered = await recoverHolders(context, (holder) => context.deathOf(holder));
  await createTables(context.bigquery);
  const files = [];
  for (const table of tables) files.push({ table, rows: await load(context.bigquery, slate, table) });

  const { ready, leftOut } = await chooseProcessors(context.bigquery, date);
  const runs: SlateRun[] = [];
  let wasParked = true;
  const dispatcher = createDispatcher({
    processors: ready,
    context,
    on: (result) => runs.push(runOf(result, wasParked)),
  });
  await Promise.all(tables.map((table) => dispatcher.tableUpdated(table, [date])));
  // What an earlier call parked is started by the sweep, like on any other day.
  await dispatcher.sweep();
  wasParked = false;
  const done = new Set(runs.filter((run) => run.date === date).map(({ processor }) => processor));
  for (const level of levels(context, ready, date)) {
    for (const Processor of level) {
      const { name } = Processor.processor;
      if (!done.has(name))
        await dispatcher.dispatch(name, { startDate: date, endDate: date }, { trigger: 'slate' });
    }
  }
  return { date, runs, leftOut, recovered, files };
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
