import type { QueryParameter } from '../clients/index.ts';
import { ConfigurationError } from '../errors/index.ts';
import { type Duration, milliseconds } from '../time/index.ts';
import type { CheckPlan, DayRange, RowSource, ScheduleSource, UpstreamCheck } from './check.ts';
import { columnName, dayRange, tableName } from './identifiers.ts';

/** A schedule of games: what is wanted of other tables is counted against it. */
export interface Schedule {
  readonly source: ScheduleSource;
  /** Every game of the days is over; postponed, cancelled and all-star games are left out. */
  final(range: DayRange): UpstreamCheck;
  /** There are games on the days. */
  scheduled(range: DayRange): UpstreamCheck;
}

/**
 * The games of a schedule table.
 *
 * The columns are those of `nba_raw.nbac_schedule`, or, in a dataset whose name starts with `mlb`, of `mlb_raw.mlb_schedule`. Of
 * several rows of a game the newest by `processed_at` counts.
 *
 * @throws ConfigurationError unless the table is `dataset.table`.
 */
export function schedule(table: string): Schedule {
  const source: ScheduleSource = {
    table: tableName('schedule', table),
    sport: /^(.*\.)?mlb/.test(table) ? 'mlb' : 'nba',
  };
  const games = (range: DayRange, final: boolean): UpstreamCheck =>
    check(`${table} ${final ? 'final' : 'scheduled'}`, [table], {
      kind: 'games',
      schedule: source,
      range: dayRange(range),
      final,
    });
  return Object.freeze({
    source,
    final: (range: DayRange) => games(range, true),
    scheduled: (range: DayRange) => games(range, false),
  });
}

/** What is wanted of a table's rows: so many, so many for each game, or rows for a share of the games. */
export type Wanted =
  | number
  | { readonly rows: number; readonly per: Schedule }
  | { readonly share: number; readonly of: Schedule };

/** Rows of a table: a check that can still be narrowed. Each method gives a new one. */
export interface RowsCheck extends UpstreamCheck {
  /** Rows of these days. */
  forDates(range: DayRange): RowsCheck;
  /** Default: 1. */
  atLeast(wanted: Wanted): RowsCheck;
  /** Rows with these values alone. */
  where(values: Readonly<Record<string, string | number | boolean>>): RowsCheck;
  /** Counts the different values of a column instead of rows: two versions of one row are one. */
  distinct(column: string): RowsCheck;
  /** The newest row (by `processed_at`) must be no older. Not asked of backfills. */
  fresherThan(age: Duration): RowsCheck;
}

interface RowsDraft {
  readonly name: string;
  readonly source: RowSource;
  readonly range: DayRange | undefined;
  readonly games: ScheduleSource | undefined;
  readonly share: number;
  readonly output: string | undefined;
  readonly unit: string;
}

/** Rows of a table, by its `game_date`. @throws ConfigurationError naming the identifier that is wrong. */
export function rows(table: string): RowsCheck {
  const source: RowSource = {
    table: tableName('rows', table),
    dateColumn: 'game_date',
    where: {},
    distinct: undefined,
    atLeast: 1,
    fresherThan: undefined,
  };
  return rowsCheck({
    name: `${table} rows`,
    source,
    range: undefined,
    games: undefined,
    share: 1,
    output: undefined,
    unit: 'rows',
  });
}

/** Another processor's output: it has rows for the days. */
export function outputOf(processor: {
  readonly processor: { readonly output: string; readonly partition: string };
}): RowsCheck {
  const { output, partition } = processor.processor;
  const base = rows(output);
  const draft = drafts.get(base) as RowsDraft;
  return rowsCheck({
    ...draft,
    name: `${output} output`,
    output,
    source: { ...draft.source, dateColumn: columnName('outputOf', partition) },
  });
}

/** A table that is written whole each day: on the day it has so many different values of a column, such as 30 teams. */
export function snapshot(
  table: string,
  wanted: { readonly on: string; readonly date: string; readonly distinct: string; readonly count: number },
): UpstreamCheck {
  const draft = drafts.get(rows(table).distinct(wanted.distinct).atLeast(wanted.count)) as RowsDraft;
  const { name, plan, tables } = rowsCheck({
    ...draft,
    name: `${table} snapshot of ${wanted.on}`,
    unit: wanted.distinct,
    range: dayRange({ startDate: wanted.on, endDate: wanted.on }),
    source: { ...draft.source, dateColumn: columnName('snapshot.date', wanted.date) },
  });
  return check(name, tables, plan);
}

/** Each game is there in one of the tables at least. All must count rows for each game of the same schedule and days. */
export function anyOf(...alternatives: readonly [RowsCheck, ...RowsCheck[]]): UpstreamCheck {
  const plans = alternatives.map(({ plan }) => plan).filter((plan) => plan.kind === 'per_game');
  const [first] = plans;
  const alike = (plan: CheckPlan) =>
    plan.kind === 'per_game' &&
    JSON.stringify([plan.schedule, plan.range]) === JSON.stringify([first?.schedule, first?.range]);
  if (first === undefined || plans.length < alternatives.length || !plans.every(alike)) {
    throw new ConfigurationError(
      'anyOf',
      'given checks of rows per game, of one schedule and range',
      alternatives.map(({ name }) => name),
    );
  }
  const tables = [...new Set(alternatives.flatMap((alternative) => alternative.tables))];
  return check(alternatives.map(({ name }) => name).join(' or '), tables, {
    ...first,
    share: Math.min(...plans.map(({ share }) => share)),
    sources: plans.flatMap(({ sources }) => sources),
  });
}

/**
 * A hand-written question. Its first row answers: `data_available` (true or false) or `cnt` (more than zero); other columns
 * are shown, and `newest` tells new data from old. Named parameters only.
 *
 * @param reads The tables it reads, so that `tableUpdated` can tell when to look again.
 */
export function query(
  sql: string,
  params: Readonly<Record<string, QueryParameter>> = {},
  reads: readonly string[] = [],
): UpstreamCheck {
  if (typeof sql !== 'string' || sql.trim() === '') throw new ConfigurationError('query', 'a SELECT', sql);
  for (const name of Object.keys(params)) columnName('query.params', name);
  return check(
    'query',
    reads.map((table) => tableName('query.reads', table)),
    { kind: 'query', sql: sql.trim().replace(/;$/, ''), params },
  );
}

const drafts = new WeakMap<object, RowsDraft>();

function rowsCheck(draft: RowsDraft): RowsCheck {
  const { source } = draft;
  const withSource = (change: Partial<RowSource>) =>
    rowsCheck({ ...draft, source: { ...source, ...change } });
  const made: RowsCheck = Object.freeze<RowsCheck>({
    ...check(
      draft.name,
      draft.games === undefined ? [source.table] : [source.table, draft.games.table],
      draft,
      draft.output,
    ),
    forDates: (range) => rowsCheck({ ...draft, range: dayRange(range) }),
    atLeast(wanted) {
      if (typeof wanted === 'number')
        return rowsCheck({ ...draft, games: undefined, source: { ...source, atLeast: whole(wanted) } });
      if ('per' in wanted)
        return rowsCheck({
          ...draft,
          games: wanted.per.source,
          share: 1,
          source: { ...source, atLeast: whole(wanted.rows) },
        });
      if (!(wanted.share > 0 && wanted.share <= 1)) {
        throw new ConfigurationError('atLeast.share', 'a number above 0 and at most 1', wanted.share);
      }
      return rowsCheck({
        ...draft,
        games: wanted.of.source,
        share: wanted.share,
        source: { ...source, atLeast: 1 },
      });
    },
    where(values) {
      for (const column of Object.keys(values)) columnName('where', column);
      return withSource({ where: { ...source.where, ...values } });
    },
    distinct: (column) => withSource({ distinct: columnName('distinct', column) }),
    fresherThan: (age) => withSource({ fresherThan: milliseconds('fresherThan', age) }),
  });
  drafts.set(made, draft);
  return made;
}

function check(
  name: string,
  tables: readonly string[],
  plan: CheckPlan | RowsDraft,
  output?: string,
): UpstreamCheck {
  return Object.freeze({
    name,
    tables: Object.freeze([...tables]),
    output,
    plan: 'kind' in plan ? Object.freeze(plan) : planOf(plan),
  });
}

// Until it has its days a check of rows asks for none: what is forgotten is "not ready", never "all of the table".
function planOf({ source, range = noDays, games, share, unit }: RowsDraft): CheckPlan {
  return Object.freeze(
    games === undefined
      ? { kind: 'count' as const, range, source, unit }
      : { kind: 'per_game' as const, schedule: games, range, sources: [source], share },
  );
}

const noDays: DayRange = { startDate: '0001-01-02', endDate: '0001-01-01' };

function whole(value: number): number {
  if (!(Number.isSafeInteger(value) && value >= 1))
    throw new ConfigurationError('atLeast', 'a whole number of at least 1', value);
  return value;
}
