// `npm start`: a night of games on the embedded default; with --slate, one day of real tables.
import { ConfigurationError, InvalidDataError } from 'breakwater';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { isDay } from '../season/days.ts';

const command: Command = new Command('npm start --')
  .description('Plays a game day on one machine, or runs the processors on a folder of raw tables.')
  .option('--seed <number>', 'the same seed, the same night; default: 7', wholeNumber)
  .option('--dir <folder>', 'where state, warehouse and objects are kept; default: a temporary folder')
  .option('--slate <folder>', 'run on NDJSON files named <dataset>.<table>.ndjson instead')
  .option('--date <date>', 'the day of the slate, YYYY-MM-DD', calendarDate)
  .option('--out <folder>', 'write the output tables there, as NDJSON (with --slate)')
  .option('--json', 'print the report as one line of JSON (with --slate)')
  .allowExcessArguments(false)
  .showSuggestionAfterError(false)
  .configureOutput({ outputError: (text, write) => write(text) })
  .exitOverride();

interface Options {
  readonly seed?: number;
  readonly dir?: string;
  readonly slate?: string;
  readonly date?: string;
  readonly out?: string;
  readonly json?: boolean;
}

try {
  command.parse();
  process.exitCode = await start(command.opts<Options>());
} catch (error) {
  process.exitCode = report(error);
}

async function start({ seed, dir, slate, date, out, json }: Options): Promise<number> {
  if (slate === undefined) {
    for (const [option, value] of Object.entries({ date, out, json }))
      if (value !== undefined) command.error(`error: option '--${option}' goes with --slate`);
    const { showNight } = await import('./night/index.ts');
    await showNight({ seed: seed ?? 7, dir });
    return 0;
  }
  if (date === undefined) command.error("error: option '--slate' wants --date as well");
  if (seed !== undefined) command.error("error: option '--seed' does not go with --slate");
  const { runSlate } = await import('./slate/run-slate.ts');
  return runSlate({ slate, date: date!, out, dir, json: json ?? false });
}

// Wrong input is one line and 2; anything else is a fault of ours and shows where.
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!(error instanceof ConfigurationError || error instanceof InvalidDataError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  return 2;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('It must be a whole number.');
  return value;
}

function calendarDate(text: string): string {
  if (!isDay(text)) throw new InvalidArgumentError('It must be a day that exists, written YYYY-MM-DD.');
  return text;
}
