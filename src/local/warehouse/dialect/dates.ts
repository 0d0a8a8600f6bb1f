import { type Call, forms, stringOf } from './call.ts';
import { isFields, nameOf, only, text, type Tree } from './node.ts';
import type { Shapes, Walk } from './shape.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

/** Functions of dates and instants. */
export const dateFunctions: Readonly<Record<string, Call>> = {
  CURRENT_TIMESTAMP: forms('bq_now()'),
  CURRENT_DATE: forms('CAST(bq_now() AS DATE)', 'CAST(timezone(_1, bq_now()) AS DATE)'),
  DATE: forms(
    'CAST(_1 AS DATE)',
    'CAST(timezone(_2, CAST(_1 AS TIMESTAMPTZ)) AS DATE)',
    'make_date(_1, _2, _3)',
  ),
  DATE_ADD: stepped('CAST(CAST(_1 AS DATE) + _2 AS DATE)', ['DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR']),
  DATE_SUB: stepped('CAST(CAST(_1 AS DATE) - _2 AS DATE)', ['DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR']),
  TIMESTAMP_ADD: stepped('CAST(_1 AS TIMESTAMPTZ) + _2', [
    'MICROSECOND',
    'MILLISECOND',
    'SECOND',
    'MINUTE',
    'HOUR',
    'DAY',
  ]),
  TIMESTAMP_SUB: stepped('CAST(_1 AS TIMESTAMPTZ) - _2', [
    'MICROSECOND',
    'MILLISECOND',
    'SECOND',
    'MINUTE',
    'HOUR',
    'DAY',
  ]),
  DATE_DIFF: byUnit('DATE_DIFF', 2, (unit) =>
    ['DAY', 'MONTH', 'QUARTER', 'YEAR'].includes(unit)
      ? `date_diff('${unit}', CAST(_2 AS DATE), CAST(_1 AS DATE))`
      : weekly(unit, (first) => `bq_weeks(_1, _2, ${first})`),
  ),
  DATE_TRUNC: byUnit('DATE_TRUNC', 1, (unit) =>
    ['DAY', 'MONTH', 'QUARTER', 'YEAR'].includes(unit)
      ? `CAST(date_trunc('${unit}', CAST(_1 AS DATE)) AS DATE)`
      : weekly(unit, (first) => `bq_week(_1, ${first})`),
  ),
  TIMESTAMP_DIFF: byUnit('TIMESTAMP_DIFF', 2, (unit) => {
    const micros = microseconds[unit];
    return micros === undefined
      ? undefined
      : `bq_timestamp_diff(CAST(_1 AS TIMESTAMPTZ), CAST(_2 AS TIMESTAMPTZ), ${micros})`;
  }),
  TIMESTAMP_TRUNC: truncatedInstant,
  FORMAT_DATE: ([format, value], { template, visit }) =>
    template(`strftime(CAST(_1 AS DATE), '${printed(format)}')`, visit(value)),
  FORMAT_TIMESTAMP: ([format, value, zone], { template, visit }) =>
    zone === undefined
      ? template(
          `strftime(timezone('UTC', CAST(_1 AS TIMESTAMPTZ)), '${printed(format, true)}')`,
          visit(value),
        )
      : template(
          `strftime(timezone(_2, CAST(_1 AS TIMESTAMPTZ)), '${printed(format, true)}')`,
          visit(value),
          visit(zone),
        ),
  PARSE_DATE: ([format, value], { template, visit }) =>
    template(`CAST(strptime(_1, '${parsed(format)}') AS DATE)`, visit(value)),
  UNIX_DATE: forms(`date_diff('day', DATE '1970-01-01', _1)`),
  DATE_FROM_UNIX_DATE: forms(`DATE '1970-01-01' + CAST(_1 AS INTEGER)`),
  UNIX_SECONDS: forms('bq_floor_div(epoch_us(_1), 1000000)'),
  UNIX_MILLIS: forms('bq_floor_div(epoch_us(_1), 1000)'),
  UNIX_MICROS: forms('epoch_us(_1)'),
  TIMESTAMP_SECONDS: forms(`timezone('UTC', make_timestamp(_1 * 1000000))`),
  TIMESTAMP_MILLIS: forms(`timezone('UTC', make_timestamp(_1 * 1000))`),
  TIMESTAMP_MICROS: forms(`timezone('UTC', make_timestamp(_1))`),
  GENERATE_DATE_ARRAY: dateArray,
};

/** Those that the parser has kinds of their own for. */
export const dateShapes: Shapes = {
  timestamp: {
    fields: { this: 'node', with_tz: 'keep' },
    rewrite: ({ this: value }, { template }) => template('CAST(_1 AS TIMESTAMPTZ)', value as Tree),
  },
  last_day: {
    fields: { this: 'node', unit: 'keep' },
    rewrite: ({ this: value, unit }, { template }) => {
      if (unit !== undefined && unit !== null && unit !== 'Month')
        throw new UnsupportedSqlError(`LAST_DAY of other than MONTH`);
      return template('last_day(CAST(_1 AS DATE))', value as Tree);
    },
  },
  extract: {
    fields: { this: 'keep', field: 'keep' },
    rewrite: ({ this: value, field }, { template, visit }) => {
      const unit = (
        typeof field === 'string' ? field : isFields(field) ? String(field.Custom ?? '') : ''
      ).toUpperCase();
      const sql = parts[unit];
      if (sql === undefined)
        throw new UnsupportedSqlError(`EXTRACT(${unit || JSON.stringify(field)} FROM …)`);
      const [kind, zoned = {}] = only(value) ?? [];
      return kind === 'at_time_zone'
        ? template(
            sql.replaceAll('_1', 'timezone(_2, CAST(_1 AS TIMESTAMPTZ))'),
            visit(zoned.this),
            visit(zoned.zone),
          )
        : template(sql, visit(value));
    },
  },
};

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

const steps: Readonly<Record<string, string>> = {
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

function stepped(sql: string, units: readonly string[]): Call {
  return ([value, step], walk) => walk.template(sql, walk.visit(value), interval(step, walk, units));
}

function interval(step: Tree | undefined, { template, visit }: Walk, units: readonly string[]): Tree {
  const [kind, fields = {}] = only(step) ?? [];
  if (kind !== 'interval') throw new UnsupportedSqlError('a step that is no INTERVAL', 'INTERVAL … DAY');
  const unit = isFields(fields.unit) ? text(fields.unit.unit).toUpperCase() : '';
  const make = units.includes(unit) ? steps[unit] : undefined;
  if (make === undefined)
    throw new UnsupportedSqlError(`INTERVAL … ${unit} here`, `one of ${units.join(', ')}`);
  const [counted, literal = {}] = only(fields.this) ?? [];
  // The parser makes a text of a plain number.
  const count =
    counted === 'literal' && /^-?\d+$/.test(text(literal.value))
      ? template(`CAST(${text(literal.value)} AS BIGINT)`)
      : visit(fields.this);
  return template(make, count);
}

function byUnit(name: string, dates: number, form: (unit: string) => string | undefined): Call {
  return (args, { template, visit }) => {
    const unit = unitOf(args[dates]);
    const sql = args.length === dates + 1 ? form(unit) : undefined;
    if (sql === undefined) throw new UnsupportedSqlError(`${name}(…, ${unit || '?'})`);
    return template(sql, ...args.slice(0, dates).map(visit));
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

function truncatedInstant([value, unit, zone]: readonly Tree[], { template, visit }: Walk): Tree {
  const known = ['SECOND', 'MINUTE', 'HOUR', 'DAY', 'MONTH', 'QUARTER', 'YEAR'].includes(unitOf(unit));
  if (!known) throw new UnsupportedSqlError(`TIMESTAMP_TRUNC(…, ${unitOf(unit) || '?'})`);
  const it = visit(value);
  const name = unitOf(unit).toLowerCase();
  return template(
    `timezone(_2, date_trunc('${name}', timezone(_2, CAST(_1 AS TIMESTAMPTZ))))`,
    it,
    zone === undefined ? { literal: { literal_type: 'string', value: 'UTC' } } : visit(zone),
  );
}

function dateArray([first, last, step]: readonly Tree[], walk: Walk): Tree {
  const { template, visit } = walk;
  const by = step === undefined ? template('to_days(1)') : interval(step, walk, ['DAY', 'WEEK']);
  return template(
    'CAST(generate_series(CAST(CAST(_1 AS DATE) AS TIMESTAMP), CAST(CAST(_2 AS DATE) AS TIMESTAMP), _3) AS DATE[])',
    visit(first ?? null),
    visit(last ?? null),
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

function parsed(tree: Tree | undefined): string {
  return format(tree, /^%[YmdBb%]$/);
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
