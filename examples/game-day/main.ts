// `npm start`: a night of games on the embedded default; with --slate, one day of real tables.
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { BreakwaterError } from 'breakwater';
import { runSlate } from './slate.ts';

const command: Command = new Command('npm start --')
  .description('Plays a game day on one machine, or runs the processors on a folder of raw tables.')
  .option('--slate <folder>', 'run on NDJSON files named <dataset>.<table>.ndjson instead')
  .option('--date <date>', 'the day of the slate, YYYY-MM-DD', calendarDate)
  .option('--out <folder>', 'write each output table there, as NDJSON (with --slate)')
  .option('--dir <folder>', 'where state, warehouse and objects are kept; default: a temporary folder')
  .option('--json', 'print the report as one line of JSON (with --slate)')
  .allowExcessArguments(false)
  .showSuggestionAfterError(false)
  .configureOutput({ outputError: (text, write) => write(text) })
  .exitOverride();

try {
  command.parse();
  const { slate, date, out, dir, json } = command.opts<{
    slate?: string;
    date?: string;
    out?: string;
    dir?: string;
    json?: boolean;
  }>();
  if (slate === undefined) command.error("error: option '--slate' is wanted");
  if (date === undefined) command.error("error: option '--slate' wants --date as well");
  process.exitCode = await runSlate({ slate, date, out, dir, json: json ?? false });
} catch (error) {
  process.exitCode = report(error);
}

// Wrong input is one line and 2; anything else is a fault of ours and shows where.
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!(error instanceof BreakwaterError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  return 2;
}

function calendarDate(text: string): string {
  const valid =
    /^\d{4}-\d{2}-\d{2}$/.test(text) &&
    !Number.isNaN(Date.parse(text)) &&
    new Date(text).toISOString().startsWith(text);
  if (!valid) throw new InvalidArgumentError('It must be a day that exists, written YYYY-MM-DD.');
  return text;
}
