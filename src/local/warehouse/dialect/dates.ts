import { type Call, forms, stringOf } from './call.ts';
import { count, day, instant } from './typed.ts';
import { isFields, nameOf, only, text, type Tree } from './node.ts';
import type { Shapes, Walk } from './shape.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

const instantUnits = ['MICROSECOND', 'MILLISECOND', 'SECOND', 'MINUTE', 'HOUR', 'DAY'] as const;

/** Functions of dates and instants. */
export const dateFunctions: Readonly<Record<string, Call>> = {
  CURRENT_TIMESTAMP: forms('bq_now()'),
  CURRENT_DATE: forms('CAST(bq_now() AS DATE)', 'CAST(timezone(_1, bq_now()) AS DATE)'),
  DATE: ([value, ...others], walk) => {
    if (others.length === 0) return walk.template('bq_date(_1)', walk.visit(value));
    if (others.length === 1)
      return walk.template('CAST(timezone(_2, _1) AS DATE)', instant(value, walk), walk.visit(others[0]));
    return forms('make_date(bq_whole(_1), bq_whole(_2), bq_whole(_3))')([value as Tree, ...others], walk);
  },
  DATE_ADD: stepped(day, 'CAST(_1 + _2 AS DATE)', ['DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR']),
  DATE_SUB: stepped(day, 'CAST(_1 - _2 AS DATE)', ['DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR']),
  TIMESTAMP_ADD: stepped(instant, '_1 + _2', instantUnits),
  TIMESTAMP_SUB: stepped(instant, '_1 - _2', instantUnits),
  DATE_DIFF: byUnit('DATE_DIFF', 2, day, (unit) =>
    ['DAY', 'MONTH', 'QUARTER', 'YEAR'].includes(unit)
      ? `date_diff('${unit}', _2, _1)`
      : weekly(unit, (first) => `bq_weeks(_1, _2, ${first})`),
  ),
  DATE_TRUNC: byUnit('DATE_TRUNC', 1, day, (unit) =>
    ['DAY', 'MONTH', 'QUARTER', 'YEAR'].includes(unit)
      ? `CAST(date_trunc('${unit}', _1) AS DATE)`
      : weekly(unit, (first) => `bq_week(_1, ${first})`),
  ),
  TIMESTAMP_DIFF: byUnit('TIMESTAMP_DIFF', 2, instant, (unit) => {
    const micros = microseconds[unit];
    return micros === undefined ? undefined : `bq_timestamp_diff(_1, _2, ${micros})`;
  }),
  TIMESTAMP_TRUNC: truncatedInstant,
  FORMAT_DATE: ([format, value], walk) =>
    walk.template(`strftime(_1, '${printed(format)}')`, day(value, walk)),
  FORMAT_TIMESTAMP: ([format, value, zone], walk) =>
    walk.template(
      `strftime(timezone(_2, _1), '${printed(format, true)}')`,
      instant(value, walk),
      zoneOf(zone, walk),
    ),
  PARSE_DATE: ([format, value], { template, visit }) =>
    template(`CAST(strptime(_1, '${parsed(format)}') AS DATE)`, visit(value)),
  UNIX_DATE: ([value], walk) => walk.template(`date_diff('day', DATE '1970-01-01', _1)`, day(value, walk)),
  DATE_FROM_UNIX_DATE: forms(`DATE '1970-01-01' + CAST(bq_whole(_1) AS INTEGER)`),
  UNIX_SECONDS: ofInstant('bq_floor_div(epoch_us(_1), 1000000)'),
  UNIX_MILLIS: ofInstant('bq_floor_div(epoch_us(_1), 1000)'),
  UNIX_MICROS: ofInstant('epoch_us(_1)'),
  TIMESTAMP_SECONDS: forms(`timezone('UTC', make_timestamp(bq_whole(_1) * 1000000))`),
  TIMESTAMP_MILLIS: forms(`timezone('UTC', make_timestamp(bq_whole(_1) * 1000))`),
  TIMESTAMP_MICROS: forms(`timezone('UTC', make_timestamp(bq_whole(_1)))`),
  GENERATE_DATE_ARRAY: dateArray,
};

/** Those that the parser has kinds of their own for. */
export const dateShapes: Shapes = {
  timestamp: {
    fields: { this: 'node', with_tz: 'keep' },
    rewrite: ({ this: value }, { template }) => template('bq_timestamp(_1)', value as Tree),
  },
  last_day: {
    fields: { this: 'keep', unit: 'keep' },
    rewrite: ({ this: value, unit }, walk) => {
      if (unit !== undefined && unit !== null && unit !== 'Month')
        throw new UnsupportedSqlError(`LAST_DAY of other than MONTH`);
      return walk.template('last_day(_1)', day(value, walk));
    },
  },
  extract: {
    fields: { this: 'keep', field: 'keep' },
    rewrite: ({ this: value, field }, walk) => {
      const unit = (
        typeof field === 'string' ? field : isFields(field) ? String(field.Custom ?? '') : ''
      ).toUpperCase();
      const sql = parts[unit];
      if (sql === undefined)
        throw new UnsupportedSqlError(`EXTRACT(${unit || JSON.stringify(field)} FROM …)`);
      const [kind, zoned = {}] = only(value) ?? [];
      if (kind === 'at_time_zone')
        return walk.template(
          sql.replaceAll('_1', 'timezone(_2, _1)'),
          instant(zoned.this, walk),
          walk.visit(zoned.zone),
        );
      if (timeParts.has(unit))
        return walk.template(sql.replaceAll('_1', `timezone('UTC', _1)`), instant(value, walk));
      return walk.template(sql.replaceAll('_1', 'bq_dated(_1)'), walk.visit(value));
    },
  },
};

const timeParts: ReadonlySet<string> = new Set(['HOUR', 'MINUTE', 'SECOND', 'DATE']);

// BigQuery's week day runs from 1, Sunday, DuckDB's from 0; its milliseconds are those within the second.
const parts: Readonly<Record<string, string>> = {
  YEAR: 'extract(year FROM _1)',
  QUARTER: 'extract(quarter FROM _1)',
  MONTH: 'extract(month FROM _1)',
  DAY: 'extract(day FROM _1)',
  DAYOFWEEK: '(extract(dow FROM _1) + 1)',
  DAYOFYEAR: 'extract(doy FROM _1)',
  ISOYEAR: 'extract(isoyear FROM _1)',
  ISOWEEK: 'extract(week FROM _1)',
  HOUR: 'extract(hour FROM _1)',
  MINUTE: 'extract(minute FROM _1)',
  SECOND: 'extract(second FROM _1)',
  DATE: 'CAST(_1 AS DATE)',
};

const microseconds: Readonly<Record<string, number>> = {
  DAY: 86_400_000_000,
  HOUR: 3_600_000_000,
  MINUTE: 60_000_000,
  SECOND: 1_000_000,
  MILLISECOND: 1_000,
  MICROSECOND: 1,
};

const intervals: Readonly<Record<string, string>> = {
  MICROSECOND: 'to_microseconds(_1)',
  MILLISECOND: 'to_microseconds(_1 * 1000)',
  SECOND: 'to_microseconds(_1 * 1000000)',
  MINUTE: 'to_minutes(_1)',
  HOUR: 'to_hours(_1)',
  DAY: 'to_days(CAST(_1 AS INTEGER))',
  WEEK: 'to_days(CAST(7 * _1 AS INTEGER))',
  MONTH: 'to_months(CAST(_1 AS INTEGER))',
  QUARTER: 'to_months(CAST(3 * _1 AS INTEGER))',
  YEAR: 'to_years(CAST(_1 AS INTEGER))',
};

type Argument = (tree: Tree | undefined, walk: Walk) => Tree;

function stepped(argument: Argument, sql: string, units: readonly string[]): Call {
  return ([value, step], walk) => walk.template(sql, argument(value, walk), interval(step, walk, units));
}

function ofInstant(sql: string): Call {
  return ([value], walk) => walk.template(sql, instant(value, walk));
}

function interval(step: Tree | undefined, walk: Walk, units: readonly string[]): Tree {
  const [kind, fields = {}] = only(step) ?? [];
  if (kind !== 'interval') throw new UnsupportedSqlError('a step that is no INTERVAL', 'INTERVAL … DAY');
  const unit = isFields(fields.unit) ? text(fields.unit.unit).toUpperCase() : '';
  const make = units.includes(unit) ? intervals[unit] : undefined;
  if (make === undefined)
    throw new UnsupportedSqlError(`INTERVAL … ${unit} here`, `one of ${units.join(', ')}`);
  const [counted, literal = {}] = only(fields.this) ?? [];
  // The parser makes a text of a plain number.
  const steps =
    counted === 'literal' && /^-?\d+$/.test(text(literal.value))
      ? walk.template(`CAST(${text(literal.value)} AS BIGINT)`)
      : count(fields.this, walk);
  return walk.template(make, steps);
}

function byUnit(
  name: string,
  values: number,
  argument: Argument,
  form: (unit: string) => string | undefined,
): Call {
  return (args, walk) => {
    const unit = unitOf(args[values]);
    const sql = args.length === values + 1 ? form(unit) : undefined;
    if (sql === undefined) throw new UnsupportedSqlError(`${name}(…, ${unit || '?'})`);
    return walk.template(sql, ...args.slice(0, values).map((value) => argument(value, walk)));
  };
}

/** `DAY`, `WEEK`, `WEEK(MONDAY)`; empty for what is no unit. */
function unitOf(tree: Tree | undefined): string {
  const [kind, fields = {}] = only(tree) ?? [];
  if (kind === 'var') return text(fields.this).toUpperCase();
  if (kind === 'column') return nameOf(fields.name).toUpperCase();
  if (kind !== 'function') return '';
  return `${text(fields.name).toUpperCase()}(${unitOf(((fields.args ?? []) as Tree[])[0])})`;
}

const weekDays = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'];

/** A week begins on Sunday, an ISO week on Monday, others as they say. */
function weekly(unit: string, sql: (first: number) => string): string | undefined {
  if (unit === 'WEEK') return sql(7);
  if (unit === 'ISOWEEK') return sql(1);
  const day = weekDays.indexOf(/^WEEK\((\w+)\)$/.exec(unit)?.[1] ?? '');
  return day < 0 ? undefined : sql(day + 1);
}

/** Up to an hour by the zone's offset at that instant: a wall time may come twice. */
function truncatedInstant([value, unit, zone]: readonly Tree[], walk: Walk): Tree {
  const name = unitOf(unit);
  const micros = ['SECOND', 'MINUTE', 'HOUR'].includes(name) ? microseconds[name] : undefined;
  if (micros === undefined && !['DAY', 'MONTH', 'QUARTER', 'YEAR'].includes(name))
    throw new UnsupportedSqlError(`TIMESTAMP_TRUNC(…, ${name || '?'})`);
  return walk.template(
    micros === undefined
      ? `timezone(_2, date_trunc('${name}', timezone(_2, _1)))`
      : `_1 - to_microseconds(bq_floor_mod(epoch_us(timezone(_2, _1)), ${micros}))`,
    instant(value, walk),
    zoneOf(zone, walk),
  );
}

function zoneOf(zone: Tree | undefined, { visit }: Walk): Tree {
  return zone === undefined ? { literal: { literal_type: 'string', value: 'UTC' } } : visit(zone);
}

function dateArray([first, last, step]: readonly Tree[], walk: Walk): Tree {
  const by = step === undefined ? walk.template('to_days(1)') : interval(step, walk, ['DAY', 'WEEK']);
  return walk.template(
    'CAST(generate_series(CAST(_1 AS TIMESTAMP), CAST(_2 AS TIMESTAMP), bq_step_of_days(_3)) AS DATE[])',
    day(first, walk),
    day(last, walk),
    by,
  );
}

const shorthand: Readonly<Record<string, string>> = {
  '%F': '%Y-%m-%d',
  '%T': '%H:%M:%S',
  '%R': '%H:%M',
  '%D': '%m/%d/%y',
};

/** A format for DuckDB, of what both understand alike. */
function printed(tree: Tree | undefined, time = false): string {
  return format(tree, time ? /^%[YmdyjAaBbHMSpI%]$/ : /^%[YmdyjAaBb%]$/);
}

/** Without a year BigQuery takes 1970, DuckDB 1900. */
function parsed(tree: Tree | undefined): string {
  const whole = format(tree, /^%[YmdBb%]$/);
  if (!whole.includes('%Y')) throw new UnsupportedSqlError('PARSE_DATE without a year', 'a format with %Y');
  return whole;
}

function format(tree: Tree | undefined, known: RegExp): string {
  const whole = stringOf(tree, 'a format that is no literal').replace(
    /%[FTRD]/g,
    (short) => shorthand[short] ?? short,
  );
  const strange = whole.match(/%.?/g)?.find((directive) => !known.test(directive));
  if (strange !== undefined) throw new UnsupportedSqlError(`the format ${strange}`);
  return whole.replaceAll("'", "''");
}
