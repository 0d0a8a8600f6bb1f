import type { ScalarType } from '../../../clients/index.ts';
import { textOnly } from './guards.ts';
import { type Fields, isEmpty, isFields, nameOf, named, only, text, type Tree } from './node.ts';
import type { Shape, Shapes, Walk } from './shape.ts';
import { duckTypes, typeName } from './types.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

const operator: Shape = { fields: { left: 'node', right: 'node' } };
const one: Shape = { fields: { this: 'node' } };

/** Values, operators and casts. */
export const expressions: Shapes = {
  // Values.
  column: {
    fields: { name: 'name', table: 'name' },
  },
  dot: { fields: { this: 'node', field: 'name' } },
  boolean: { fields: { value: 'keep' } },
  null: { fields: {}, rewrite: () => ({ null: null }) },
  literal: { fields: { literal_type: 'keep', value: 'keep' }, rewrite: literal },
  paren: one,
  array_func: { fields: { expressions: 'nodes', bracket_notation: 'keep' } },
  subscript: { fields: { this: 'node', index: 'keep' }, rewrite: item },
  // Arithmetic.
  add: { ...operator, rewrite: (fields) => ({ add: numbers(fields) }) },
  sub: { ...operator, rewrite: (fields, walk) => both('bq_minus(_1, _2)')(numbers(fields), walk) },
  neg: one,
  mul: { fields: { left: 'keep', right: 'keep' }, rewrite: product },
  div: { fields: { left: 'keep', right: 'keep' }, rewrite: quotient('bq_divide') },
  safe_divide: {
    fields: { this: 'keep', expression: 'keep' },
    rewrite: ({ this: left, expression: right }, walk) =>
      quotient('bq_safe_divide')({ left: left ?? null, right: right ?? null }, walk),
  },
  mod_func: {
    fields: { this: 'node', expression: 'node' },
    rewrite: ({ this: a, expression: b }, { template }) => template('bq_mod(_1, _2)', a as Tree, b as Tree),
  },
  // Conditions.
  coalesce: {
    fields: { expressions: 'nodes', original_name: 'keep' },
    rewrite: ({ expressions }) => ({
      coalesce: { expressions: expressions as Tree, original_name: null, inferred_type: null },
    }),
  },
  concat: {
    ...operator,
    rewrite: ({ left, right }, { template }) =>
      template('_1 || _2', textOnly(left as Tree, template), textOnly(right as Tree, template)),
  },
  // Types.
  cast: { fields: { this: 'keep', to: 'keep' }, rewrite: (fields, walk) => cast(fields, walk, false) },
  safe_cast: { fields: { this: 'keep', to: 'keep' }, rewrite: (fields, walk) => cast(fields, walk, true) },
};

/** DuckDB would make a number of a text that stands in the statement. */
function numbers<F extends Fields>(fields: F): F {
  for (const operand of [fields.left, fields.right]) {
    const [kind, { literal_type } = {} as Fields] = only(operand) ?? [];
    if (kind === 'literal' && literal_type !== 'number')
      throw new UnsupportedSqlError('arithmetic with other than numbers', 'CAST(… AS INT64), or DATE_ADD');
  }
  return fields;
}

function both(sql: string): NonNullable<Shape['rewrite']> {
  return ({ left, right }, { template }) => template(sql, left as Tree, right as Tree);
}

function literal(fields: Fields, { template }: Walk): Tree {
  const kind = text(fields.literal_type);
  const { value } = fields;
  switch (kind) {
    case 'number':
      // BigQuery's integers have 64 bits, its decimals are FLOAT64; DuckDB's have 32, and are DECIMAL.
      if (/^\d+$/.test(text(value))) return template(`CAST(${BigInt(text(value))} AS BIGINT)`);
      return {
        literal: { literal_type: 'number', value: /e/i.test(text(value)) ? text(value) : `${text(value)}e0` },
      };
    case 'string':
      // What the parser left as it was would be read as one character.
      if (/\\([xXuU]|[0-7]{3})/.test(text(value)))
        throw new UnsupportedSqlError(
          `the escape in '${text(value)}'`,
          'the character itself, or a raw text r…',
        );
      return { literal: { literal_type: 'string', value: text(value) } };
    case 'raw_string':
      return { literal: { literal_type: 'string', value: text(value) } };
    case 'date':
    case 'timestamp':
      return template(
        `${kind === 'date' ? 'bq_date' : 'bq_timestamp'}('${text(value).replaceAll("'", "''")}')`,
      );
    default:
      throw new UnsupportedSqlError(`a literal of type ${kind.toUpperCase()}`);
  }
}

/** An item of a list, by `OFFSET` from 0 or `ORDINAL` from 1. */
function item({ this: list, index }: Fields, { template, visit }: Walk): Tree {
  const [kind, fields = {}] = only(index) ?? [];
  const name = kind === 'function' ? text(fields.name).toUpperCase() : '';
  const forms: Readonly<Record<string, string>> = {
    OFFSET: 'bq_item(_1, _2)',
    ORDINAL: 'bq_item(_1, _2 - 1)',
    SAFE_OFFSET: 'bq_safe_item(_1, _2)',
    SAFE_ORDINAL: 'bq_safe_item(_1, _2 - 1)',
  };
  const form = forms[name];
  const [place] = (fields.args ?? []) as Tree[];
  if (form === undefined || place === undefined)
    throw new UnsupportedSqlError('a list item by its bare number', 'list[OFFSET(…)]');
  return template(form, list as Tree, visit(place));
}

/** Two NUMERIC factors would keep eighteen decimals. */
function product(fields: Fields, walk: Walk): Tree {
  const { left, right } = numbers(fields);
  const [a, b] = [walk.visit(left), walk.visit(right)];
  if (!mayBeNumeric(left) || !mayBeNumeric(right)) return walk.template('_1 * _2', a, b);
  return walk.template(
    `CASE WHEN typeof(_1) LIKE 'DECIMAL%' AND typeof(_2) LIKE 'DECIMAL%' THEN error('unsupported:the product of two NUMERIC:CAST(… AS FLOAT64)') ELSE _1 * _2 END`,
    a,
    b,
  );
}

/** A NUMERIC divided by other than FLOAT64 would become one. */
function quotient(macro: string): NonNullable<Shape['rewrite']> {
  return (fields, walk) => {
    const { left, right } = numbers(fields);
    const [a, b] = [walk.visit(left), walk.visit(right)];
    if (isFloat(left) || isFloat(right)) return walk.template(`${macro}(_1, _2)`, a, b);
    const guarded = (tree: Tree | undefined, done: Tree) =>
      mayBeNumeric(tree) ? walk.template('bq_no_numeric(_1)', done) : done;
    return walk.template(`${macro}(_1, _2)`, guarded(left, a), guarded(right, b));
  };
}

function isFloat(tree: Tree | undefined): boolean {
  const [kind, fields = {}] = only(tree) ?? [];
  switch (kind) {
    case 'div':
    case 'safe_divide':
    case 'avg':
    case 'sqrt':
      return true;
    case 'literal':
      return fields.literal_type === 'number' && !/^\d+$/.test(text(fields.value));
    case 'paren':
    case 'neg':
      return isFloat(fields.this);
    case 'add':
    case 'sub':
    case 'mul':
      return isFloat(fields.left) || isFloat(fields.right);
    case 'cast':
    case 'safe_cast':
      return isFields(fields.to) && fields.to.name === 'FLOAT64';
    default:
      return false;
  }
}

/** False where the text alone tells that a value is no NUMERIC. */
function mayBeNumeric(tree: Tree | undefined): boolean {
  const [kind, fields = {}] = only(tree) ?? [];
  if (kind === 'literal' || kind === 'count' || kind === 'count_if') return false;
  if (kind === 'paren' || kind === 'neg') return mayBeNumeric(fields.this);
  return !isFloat(tree);
}

const casts: Readonly<Record<ScalarType, readonly [sql: string, safe: string]>> = {
  INT64: ['bq_int64(_1)', 'bq_safe_int64(_1)'],
  FLOAT64: ['bq_float64(_1)', 'bq_safe_float64(_1)'],
  BOOL: ['bq_bool(_1)', 'bq_safe_bool(_1)'],
  STRING: ['bq_string(_1)', 'bq_string(_1)'],
  DATE: ['bq_date(_1)', 'bq_safe_date(_1)'],
  TIMESTAMP: ['bq_timestamp(_1)', 'bq_safe_timestamp(_1)'],
  NUMERIC: ['CAST(bq_number(_1) AS DECIMAL(38, 9))', 'TRY_CAST(bq_number(_1) AS DECIMAL(38, 9))'],
};

function cast({ this: value, to }: Fields, { template, visit }: Walk, safe: boolean): Tree {
  const { name, list } = typeName(to as Fields);
  const [kind, fields = {}] = only(value) ?? [];
  if (list) {
    if (kind !== 'array') throw new UnsupportedSqlError('CAST to a list');
    const items = {
      array_func: {
        expressions: ((fields.expressions ?? []) as Tree[]).map(visit),
        bracket_notation: true,
        use_list_keyword: false,
      },
    };
    return template(`CAST(_1 AS ${duckTypes[name]}[])`, items);
  }
  if (isFields(to) && typeof to.precision === 'number')
    throw new UnsupportedSqlError('CAST to NUMERIC with a precision', 'NUMERIC, and ROUND');
  const it = visit(value);
  return template(casts[name][safe ? 1 : 0], it);
}

/** The name of the parameter that a column's name stands for; undefined for a column. */
export function parameterOf(fields: Fields): string | undefined {
  const { name, table } = fields;
  if (!isFields(name) || name.quoted === true || !isEmpty(table)) return undefined;
  const called = nameOf(name);
  return called.startsWith('@') ? called.slice(1) : undefined;
}

/** The name that BigQuery gives a column of the result; undefined where it numbers it. */
export function outputName(tree: Tree): string | undefined {
  const [kind, fields = {}] = only(tree) ?? [];
  if (kind === 'column') return parameterOf(fields) === undefined ? nameOf(fields.name) : undefined;
  if (kind === 'dot') return nameOf(fields.field);
  return undefined;
}

/** The value under a name. */
export function aliased(tree: Tree, name: string): Tree {
  return {
    alias: {
      this: tree,
      alias: named(name),
      column_aliases: [],
      alias_explicit_as: true,
      alias_keyword: 'AS',
      pre_alias_comments: [],
      trailing_comments: [],
    },
  };
}
