import { ConfigurationError } from '../errors/index.ts';
import { type Duration, milliseconds } from '../time/index.ts';

/** What a processor is: declared once, as its static `processor`. Identity is declared, never the class's name. */
export interface ProcessorDefinition {
  readonly name: string;
  readonly sport: string;
  /** The table it writes, `dataset.table`: with the date, the key of claim, lease, fence, circuit and parked run. */
  readonly output: string;
  /** The column that the output is partitioned by. Default: `game_date`. */
  readonly partition: string;
  /** The columns that identify an output row, when there are any to declare. */
  readonly key: readonly string[];
  /** Milliseconds; undefined takes the context's. */
  readonly timeout: number | undefined;
  /** Overrides of the context's circuit settings. */
  readonly circuit: { readonly failures?: number | undefined; readonly openFor?: number | undefined };
}

export interface ProcessorOptions {
  readonly name: string;
  readonly sport: string;
  readonly output: string;
  readonly partition?: string | undefined;
  readonly key?: readonly string[] | undefined;
  /** Default: the context's, ten minutes. */
  readonly timeout?: Duration | undefined;
  readonly circuit?:
    | { readonly failures?: number | undefined; readonly openFor?: Duration | undefined }
    | undefined;
}

const table = /^[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z_][A-Za-z0-9_]*$/;
const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Declares a processor.
 *
 * @throws ConfigurationError naming the field, before anything runs.
 */
export function defineProcessor(options: ProcessorOptions): ProcessorDefinition {
  const { name, sport, output, partition = 'game_date', key = [], timeout, circuit = {} } = options;
  requireMatch('defineProcessor.name', identifier, name, "a name such as 'TeamOffenseGameSummaryProcessor'");
  requireMatch('defineProcessor.sport', identifier, sport, "a word such as 'nba'");
  requireMatch(
    'defineProcessor.output',
    table,
    output,
    "a table such as 'nba_analytics.team_offense_game_summary'",
  );
  requireMatch('defineProcessor.partition', identifier, partition, "a column such as 'game_date'");
  for (const column of key) requireMatch('defineProcessor.key', identifier, column, 'a list of column names');
  const { failures, openFor } = circuit;
  if (failures !== undefined && !(Number.isInteger(failures) && failures > 0)) {
    throw new ConfigurationError(
      'defineProcessor.circuit.failures',
      'a whole number of at least 1',
      failures,
    );
  }
  return Object.freeze({
    name,
    sport,
    output,
    partition,
    key: Object.freeze([...key]),
    timeout: timeout === undefined ? undefined : milliseconds('defineProcessor.timeout', timeout),
    circuit: Object.freeze({
      failures,
      openFor: openFor === undefined ? undefined : milliseconds('defineProcessor.circuit.openFor', openFor),
    }),
  });
}

function requireMatch(field: string, pattern: RegExp, value: string, allowed: string): void {
  if (typeof value !== 'string' || !pattern.test(value)) throw new ConfigurationError(field, allowed, value);
}
