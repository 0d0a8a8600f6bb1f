// Writes a season, or some days of it, as NDJSON files named `<dataset>.<table>.ndjson`.
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { BreakwaterError, ConfigurationError } from 'breakwater';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { isDay } from './days.ts';
import { generateSeason, type Season, type Sport } from './index.ts';

const command = new Command('season/write')
  .description('Writes a season of raw tables as NDJSON files.')
  .addOption(new Option('--sport <sport>', 'whose season').choices(['nba', 'mlb']).makeOptionMandatory())
  .requiredOption('--out <folder>', 'where the files go; files of these tables are replaced')
  .option('--seed <number>', 'the same seed, the same season', wholeNumber, 7)
  .option('--from <date>', 'the first day to write, YYYY-MM-DD; default: opening day', calendarDate)
  .option('--to <date>', 'the last day to write, YYYY-MM-DD; default: the last', calendarDate)
  .allowExcessArguments(false)
  .showSuggestionAfterError(false)
  .exitOverride();

try {
  command.parse();
  const { sport, out, seed, from, to } = command.opts<{
    sport: Sport;
    out: string;
    seed: number;
    from?: string;
    to?: string;
  }>();
  const season = generateSeason({ seed, sport });
  const dates = daysOf(season, from, to);
  for (const [table, rows] of await write(season, dates, out)) process.stdout.write(`${table} ${rows}\n`);
} catch (error) {
  process.exitCode = report(error);
}

function daysOf({ dates }: Season, from = dates[0]!, to = dates.at(-1)!): readonly string[] {
  const span = `a day of the season, ${dates[0]} to ${dates.at(-1)}`;
  if (!dates.includes(from)) throw new ConfigurationError('--from', span, from);
  if (!dates.includes(to)) throw new ConfigurationError('--to', span, to);
  if (to < from) throw new ConfigurationError('--to', `${from} or later`, to);
  return dates.filter((date) => from <= date && date <= to);
}

/** Day by day into drafts, which get their names when all of them are whole; how many rows each table has. */
async function write(season: Season, dates: readonly string[], out: string): Promise<Map<string, number>> {
  const counts = new Map(season.tables.map((table) => [table, 0]));
  try {
    await mkdir(out, { recursive: true });
    const drafts = await Promise.all(
      season.tables.map(async (table) => ({ table, file: await open(`${pathOf(out, table)}.draft`, 'w') })),
    );
    try {
      for (const date of dates) {
        for (const { table, file } of drafts) {
          const rows = season.rows(table, date);
          await file.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
          counts.set(table, counts.get(table)! + rows.length);
        }
      }
    } finally {
      for (const { file } of drafts) await file.close();
    }
    for (const { table } of drafts) await rename(`${pathOf(out, table)}.draft`, pathOf(out, table));
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause)) throw cause;
    throw new ConfigurationError('--out', `a folder that can be written (${cause.code})`, out, { cause });
  }
  return counts;
}

function pathOf(out: string, table: string): string {
  return join(out, `${table}.ndjson`);
}

// Wrong input is one line and 2; anything else is a fault of ours and shows where.
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!(error instanceof BreakwaterError)) throw error;
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
