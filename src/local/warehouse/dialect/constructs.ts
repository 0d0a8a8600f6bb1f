import { type Fields, isEmpty, only, text, type Tree } from './node.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

/** Makes DuckDB's tree of an expression in DuckDB's SQL, with the arguments in the places of `_1`, `_2`, … */
export type Template = (sql: string, ...args: Tree[]) => Tree;

/**
 * What becomes of a node when its children are done: it stays as it is (true), or another takes its place. A construct
 * that is not here is refused by name. Each one here has a test of its values.
 */
export type Construct = true | ((fields: Fields, template: Template) => Tree | true);

const binary =
  (sql: string): Construct =>
  ({ left, right }, template) =>
    template(sql, left as Tree, right as Tree);
const aggregate: Construct = true;

export const constructs: Readonly<Record<string, Construct>> = {
  // Statements and clauses.
  select: true,
  union: true,
  subquery: true,
  table: true,
  star: true,
  column: true,
  dot: true,
  alias: true,
  paren: true,
  exists: true,
  boolean: true,
  null: true,
  identifier: true,
  case: true,
  window_function: true,
  Preceding: true,
  Following: true,
  literal: (fields) => literal(fields),
  // Comparison and logic.
  and: true,
  or: true,
  not: true,
  eq: true,
  neq: true,
  lt: true,
  lte: true,
  gt: true,
  gte: true,
  between: true,
  like: true,
  is_null: true,
  is_true: true,
  is_false: true,
  in: (fields, template) => inList(fields, template),
  // Arithmetic.
  add: true,
  sub: true,
  mul: true,
  neg: true,
  div: binary('bq_divide(_1, _2)'),
  safe_divide: ({ this: a, expression: b }, template) =>
    template('bq_safe_divide(_1, _2)', a as Tree, b as Tree),
  mod_func: ({ this: a, expression: b }, template) => template('bq_mod(_1, _2)', a as Tree, b as Tree),
  round: true,
  floor: true,
  ceil: true,
  abs: true,
  sqrt: true,
  power: true,
  // Conditions.
  if_func: ({ condition, true_value: yes, false_value: no }, template) =>
    template('CASE WHEN _1 THEN _2 ELSE _3 END', condition as Tree, yes as Tree, no as Tree),
  coalesce: true,
  // Text. Concatenation keeps a NULL, as the operator does.
  concat: true,
  lower: true,
  upper: true,
  length: true,
  substring: true,
  starts_with: ({ this: a, expression: b }, template) =>
    template('starts_with(_1, _2)', a as Tree, b as Tree),
  ends_with: ({ this: a, expression: b }, template) => template('suffix(_1, _2)', a as Tree, b as Tree),
  trim: (fields) => {
    if (fields.position !== 'Both' || !isEmpty(fields.characters))
      throw new UnsupportedSqlError('TRIM of other than blanks');
    return true;
  },
  // Aggregates. COUNTIF of nothing is 0, and DuckDB's own is NULL.
  count: aggregate,
  sum: aggregate,
  avg: aggregate,
  min: aggregate,
  max: aggregate,
  any_value: aggregate,
  stddev: aggregate,
  stddev_samp: aggregate,
  string_agg: aggregate,
  count_if: ({ this: condition }, template) => template('count(CASE WHEN _1 THEN 1 END)', condition as Tree),
  logical_or: ({ this: condition }, template) => template('bool_or(_1)', condition as Tree),
  logical_and: ({ this: condition }, template) => template('bool_and(_1)', condition as Tree),
  lag: true,
  lead: true,
  // Types.
  cast: (fields, template) => castTo(fields, template, false),
  safe_cast: (fields, template) => castTo(fields, template, true),
  extract: (fields, template) => extracted(fields, template),
  // Functions that the parser has no kind of their own for.
  function: (fields, template) => call(fields, template),
};

/** Fields that may say something; any other that does is a clause that nobody has tested. */
export const fieldsKnown: ReadonlySet<string> = new Set(
  `alias alias_explicit_as alias_keyword all args catalog condition ctes decimals distinct else_ except expression expressions
  false_value field frame from group_by having high joins kind left length limit low name not offset on operand order_by
  original_name over partition_by position qualify query quoted right schema separator spec star start table this to true_value
  unnest use_inner_keyword using value whens where_clause window_name windows with desc nesting_group alias_first kind_text
  start_side_text end_side_text end literal_type data_type precision scale data_type_custom timezone unit nulls_first explicit_nulls
  recursive columns column_aliases type`.split(/\s+/),
);

// BigQuery reads a decimal as FLOAT64, DuckDB as DECIMAL: 0.1 + 0.2 differs.
function literal(fields: Fields): Tree | true {
  const kind = text(fields.literal_type);
  const value = text(fields.value);
  switch (kind) {
    case 'number':
      return /^\d+$/.test(value) || /e/i.test(value) ? true : { literal: { ...fields, value: `${value}e0` } };
    case 'string':
    case 'raw_string':
      return { literal: { ...fields, literal_type: 'string' } };
    case 'date':
      return true;
    default:
      throw new UnsupportedSqlError(`a literal of type ${kind.toUpperCase()}`);
  }
}

function inList(fields: Fields, template: Template): Tree | true {
  if (isEmpty(fields.unnest)) return true;
  const found = template('bq_in_list(_1, _2)', fields.this as Tree, fields.unnest as Tree);
  return fields.not === true ? template('NOT _1', found) : found;
}

function castTo({ this: value, to }: Fields, template: Template, safe: boolean): Tree {
  const type = typeName(to as Fields);
  const it = value as Tree;
  if (type === 'INT64') return template(safe ? 'bq_safe_int64(_1)' : 'bq_int64(_1)', it);
  if (type === 'STRING') return template('bq_string(_1)', it);
  return template(`${safe ? 'TRY_CAST' : 'CAST'}(_1 AS ${duckTypes[type]})`, it);
}

export type ScalarName = 'STRING' | 'INT64' | 'FLOAT64' | 'NUMERIC' | 'BOOL' | 'DATE' | 'TIMESTAMP';

export const duckTypes: Readonly<Record<ScalarName, string>> = {
  STRING: 'VARCHAR',
  INT64: 'BIGINT',
  FLOAT64: 'DOUBLE',
  NUMERIC: 'DECIMAL(38, 9)',
  BOOL: 'BOOLEAN',
  DATE: 'DATE',
  TIMESTAMP: 'TIMESTAMPTZ',
};

/** BigQuery's name of a type in the tree. */
export function typeName(to: Fields): ScalarName {
  const kind = to.data_type === 'custom' ? text(to.name).toUpperCase() : text(to.data_type);
  const known: Readonly<Record<string, ScalarName>> = {
    string: 'STRING',
    INT64: 'INT64',
    FLOAT64: 'FLOAT64',
    decimal: 'NUMERIC',
    boolean: 'BOOL',
    date: 'DATE',
    timestamp: 'TIMESTAMP',
  };
  const type = known[kind];
  if (type === undefined || to.timezone === true) throw new UnsupportedSqlError(`type ${kind.toUpperCase()}`);
  return type;
}

function extracted(fields: Fields, template: Template): Tree {
  const it = fields.this as Tree;
  const field = text(fields.field).toUpperCase();
  // BigQuery's week day runs from 1, Sunday; DuckDB's from 0.
  if (field === 'DAYOFWEEK') return template('(extract(dow FROM _1) + 1)', it);
  if (['YEAR', 'QUARTER', 'MONTH', 'DAY', 'HOUR', 'MINUTE'].includes(field))
    return template(`extract(${field} FROM _1)`, it);
  throw new UnsupportedSqlError(`EXTRACT(${field} …)`);
}

type Call = (args: readonly Tree[], template: Template) => Tree;

const calls: Readonly<Record<string, Call>> = {
  ROW_NUMBER: plain('row_number'),
  RANK: plain('rank'),
  DENSE_RANK: plain('dense_rank'),
  IFNULL: ([a, b], template) => template('coalesce(_1, _2)', a as Tree, b as Tree),
  NULLIF: ([a, b], template) => template('nullif(_1, _2)', a as Tree, b as Tree),
  GREATEST: upToThree('bq_greatest'),
  LEAST: upToThree('bq_least'),
  DIV: ([a, b], template) => template('bq_div(_1, _2)', a as Tree, b as Tree),
  CONCAT: (args, template) => args.reduce((joined, next) => template('_1 || _2', joined, next)),
  REPLACE: ([a, b, c], template) => template('replace(_1, _2, _3)', a as Tree, b as Tree, c as Tree),
  STRPOS: ([a, b], template) => template('strpos(_1, _2)', a as Tree, b as Tree),
  REGEXP_CONTAINS: ([a, b], template) => template('regexp_matches(_1, _2)', a as Tree, b as Tree),
  REGEXP_EXTRACT: ([a, pattern], template) =>
    template(
      `bq_regexp_extract(_1, _2, ${hasGroup(stringOf(pattern, 'REGEXP_EXTRACT')) ? 1 : 0})`,
      a as Tree,
      pattern as Tree,
    ),
  TO_JSON_STRING: ([a], template) => template('CAST(to_json(_1) AS VARCHAR)', a as Tree),
  DATE: ([value, zone], template) =>
    zone === undefined
      ? template('CAST(_1 AS DATE)', value as Tree)
      : template('CAST(timezone(_2, _1) AS DATE)', value as Tree, zone),
  TIMESTAMP: ([value], template) => template('CAST(_1 AS TIMESTAMPTZ)', value as Tree),
  FORMAT_DATE: ([format, value], template) => template('strftime(_2, _1)', dateFormat(format), value as Tree),
  PARSE_DATE: ([format, value], template) =>
    template('CAST(strptime(_2, _1) AS DATE)', dateFormat(format), value as Tree),
  DATE_ADD: ([value, step], template) =>
    template('CAST(_1 + _2 AS DATE)', value as Tree, interval(step, template, dateSteps)),
  DATE_SUB: ([value, step], template) =>
    template('CAST(_1 - _2 AS DATE)', value as Tree, interval(step, template, dateSteps)),
  TIMESTAMP_ADD: ([value, step], template) =>
    template('_1 + _2', value as Tree, interval(step, template, timeSteps)),
  TIMESTAMP_SUB: ([value, step], template) =>
    template('_1 - _2', value as Tree, interval(step, template, timeSteps)),
  DATE_DIFF: ([a, b, unit], template) =>
    template(
      `date_diff('${oneOf(unit, ['DAY', 'MONTH', 'QUARTER', 'YEAR'], 'DATE_DIFF')}', CAST(_2 AS DATE), CAST(_1 AS DATE))`,
      a as Tree,
      b as Tree,
    ),
  TIMESTAMP_DIFF: ([a, b, unit], template) =>
    template(
      `bq_timestamp_diff(_1, _2, ${microseconds[oneOf(unit, Object.keys(microseconds), 'TIMESTAMP_DIFF')]})`,
      a as Tree,
      b as Tree,
    ),
  DATE_TRUNC: ([value, unit], template) =>
    template(
      `CAST(date_trunc('${oneOf(unit, ['DAY', 'MONTH', 'QUARTER', 'YEAR'], 'DATE_TRUNC')}', _1) AS DATE)`,
      value as Tree,
    ),
  CURRENT_TIMESTAMP: (_args, template) => template('CAST($bq_now AS TIMESTAMPTZ)'),
  CURRENT_DATE: ([zone], template) =>
    zone === undefined
      ? template('CAST(CAST($bq_now AS TIMESTAMPTZ) AS DATE)')
      : template('CAST(timezone(_1, CAST($bq_now AS TIMESTAMPTZ)) AS DATE)', zone),
};

function call({ name, args, ...others }: Fields, template: Template): Tree {
  const called = text(name).toUpperCase();
  const known = calls[called];
  if (known === undefined) throw new UnsupportedSqlError(`function ${called}`);
  const [strange] = Object.entries(others).filter(
    ([field, value]) => !isEmpty(value) && !fieldsKnown.has(field),
  );
  if (strange !== undefined) throw new UnsupportedSqlError(`${strange[0]} in ${called}`);
  return known((args ?? []) as Tree[], template);
}

function plain(name: string): Call {
  return (args, template) =>
    template(`${name}(${args.map((_, index) => `_${index + 1}`).join(', ')})`, ...args);
}

function upToThree(name: string): Call {
  return (args, template) => {
    if (args.length < 2 || args.length > 3)
      throw new UnsupportedSqlError(`${name.slice(3).toUpperCase()} of ${args.length} values`);
    return plain(name)(args, template);
  };
}

const microseconds: Readonly<Record<string, number>> = {
  DAY: 86_400_000_000,
  HOUR: 3_600_000_000,
  MINUTE: 60_000_000,
  SECOND: 1_000_000,
  MILLISECOND: 1_000,
};
const dateSteps: Readonly<Record<string, string>> = {
  DAY: 'to_days',
  WEEK: 'to_weeks',
  MONTH: 'to_months',
  YEAR: 'to_years',
};
const timeSteps: Readonly<Record<string, string>> = {
  DAY: 'to_days',
  HOUR: 'to_hours',
  MINUTE: 'to_minutes',
  SECOND: 'to_seconds',
};

function interval(step: Tree | undefined, template: Template, steps: Readonly<Record<string, string>>): Tree {
  const node = step === undefined ? undefined : only(step);
  if (node?.[0] !== 'interval') throw new UnsupportedSqlError('a step that is no INTERVAL');
  const { this: count, unit } = node[1];
  const name = text((unit as Fields).unit).toUpperCase();
  const make = steps[name];
  if (make === undefined) throw new UnsupportedSqlError(`INTERVAL … ${name}`);
  return template(`${make}(CAST(_1 AS INTEGER))`, count as Tree);
}

function oneOf(unit: Tree | undefined, allowed: readonly string[], where: string): string {
  const node = unit === undefined ? undefined : only(unit);
  const name = node?.[0] === 'var' ? text(node[1].this).toUpperCase() : undefined;
  if (name === undefined || !allowed.includes(name))
    throw new UnsupportedSqlError(`${where}(…, ${name ?? '?'})`);
  return name;
}

function stringOf(tree: Tree | undefined, where: string): string {
  const node = tree === undefined ? undefined : only(tree);
  if (node?.[0] !== 'literal' || node[1].literal_type !== 'string')
    throw new UnsupportedSqlError(`${where} with other than a text in its place`);
  return text(node[1].value);
}

function hasGroup(pattern: string): boolean {
  return /(^|[^\\])(\\\\)*\((?!\?)/.test(pattern);
}

// Only what both understand alike.
function dateFormat(tree: Tree | undefined): Tree {
  const format = stringOf(tree, 'a date format');
  const strange = format.match(/%[^YmdyHMSjb%]/);
  if (strange !== null) throw new UnsupportedSqlError(`date format ${strange[0]}`);
  return tree as Tree;
}
