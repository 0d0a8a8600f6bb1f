// `npm run backfill`: a whole generated season of both sports through all processors, on the embedded default.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError } from 'breakwater';
import { createLocalContext, type LocalContext } from 'breakwater/local';
import { recoverHolders } from 'breakwater/trigger';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { allProcessors } from '../processors/index.ts';
import { isDay } from '../season/days.ts';
import { generateSeason, type Season } from '../season/index.ts';
import { backfill } from './backfill.ts';
import { checkDays, samplesOf } from './check.ts';
import { loadSeason } from './load-season.ts';
import { type ProgressView, progressView } from './progress.ts';
import { type BackfillReport, reportText } from './report.ts';

interface Options {
  readonly dir?: string;
  readonly sport: readonly ('nba' | 'mlb')[];
  readonly days?: number;
  readonly from?: string;
  readonly seed: number;
  readonly concurrency: number;
  readonly check?: boolean;
}

const command: Command = new Command('npm run backfill --')
  .description(
    'Runs all processors on a generated season; run again with the same --dir, it goes on where it was.',
  )
  .option('--dir <folder>', 'where warehouse and state are kept; default: a temporary folder')
  .option('--sport <sport>', 'nba or mlb; default: both', sports, ['nba', 'mlb'] as const)
  .option('--days <number>', 'only so many days of each season', wholeNumber)
  .option('--from <date>', 'only days from this one on, YYYY-MM-DD', calendarDate)
  .option('--seed <number>', 'the same seed, the same season', wholeNumber, 7)
  .option('--concurrency <number>', 'how many runs are at work at once', wholeNumber, 4)
  .option('--check', 'compute three days of each sport again without SQL and compare')
  .allowExcessArguments(false)
  .showSuggestionAfterError(false)
  .exitOverride();

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
process.once('SIGTERM', () => interrupted.abort(new Error('ended')));
try {
  command.parse();
  process.exitCode = await start(command.opts<Options>(), interrupted.signal);
} catch (error) {
  process.exitCode = report(error);
}

async function start(options: Options, signal: AbortSignal): Promise<number> {
  const temporary =
    options.dir === undefined ? await mkdtemp(join(tmpdir(), 'breakwater-backfill-')) : undefined;
  try {
    const context = await createLocalContext({ dir: temporary ?? options.dir! });
    const view = progressView(process.stdout);
    try {
      // The warehouse is ours alone now: what a process before left half done will not be finished by it.
      await recoverHolders(context, (holder) => context.deathOf(holder), signal);
      const done = await run(context, options, view, signal);
      view.end();
      process.stdout.write(`${reportText(done)}\n`);
      const failed = done.results.some(({ status }) => status === 'failed' || status === 'timed_out');
      const wrong = done.checked.some(({ differences }) => differences.length > 0);
      return failed || wrong ? 1 : 0;
    } finally {
      view.end();
      await context.close();
    }
  } finally {
    if (temporary !== undefined) await rm(temporary, { recursive: true });
  }
}

async function run(
  context: LocalContext,
  { sport, seed, days, from, concurrency, check }: Options,
  view: ProgressView,
  signal: AbortSignal,
): Promise<BackfillReport> {
  const began = context.clock.now();
  const seasons = sport.map((name) => generateSeason({ seed, sport: name }));
  const daysOf = (season: Season) =>
    season.dates.filter((date) => from === undefined || date >= from).slice(0, days);
  for (const season of seasons) {
    const on = (table: Parameters<ProgressView['loaded']>[1]) => view.loaded(season.sport, table);
    await loadSeason(context, season, daysOf(season), { signal, on });
  }
  const loaded = context.clock.now();
  const processors = allProcessors.filter(({ processor }) => sport.some((name) => name === processor.sport));
  const results = await backfill({
    context,
    processors,
    days: Object.fromEntries(seasons.map((season) => [season.sport, daysOf(season)])),
    concurrency,
    signal,
    on: (event) => view.take(event),
  });
  const ran = context.clock.now();
  const checked = [];
  for (const season of check ? seasons : []) {
    const days = daysOf(season);
    checked.push(...(await checkDays(context.bigquery, season, samplesOf(season, days), days)));
  }
  const rows: Record<string, number> = {};
  for (const { processor } of processors) {
    const [row] = await context.bigquery.query<{ n: number }>(
      `SELECT COUNT(*) AS n FROM ${processor.output}`,
    );
    rows[processor.output] = row!.n;
  }
  return {
    results,
    processors,
    rows,
    checked,
    seconds: { load: (loaded - began) / 1_000, runs: (ran - loaded) / 1_000 },
    peakMemory: process.resourceUsage().maxRSS * 1024,
  };
}

// Wrong input is one line and 2; anything else is a fault of ours and shows where.
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error === interrupted.signal.reason) return 130;
  if (!(error instanceof ConfigurationError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  return 2;
}

function sports(text: string): readonly string[] {
  if (text !== 'nba' && text !== 'mlb') throw new InvalidArgumentError('It must be nba or mlb.');
  return [text];
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value === 0)
    throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}

function calendarDate(text: string): string {
  if (!isDay(text)) throw new InvalidArgumentError('It must be a day that exists, written YYYY-MM-DD.');
  return text;
}
