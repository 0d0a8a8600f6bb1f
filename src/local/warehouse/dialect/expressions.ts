import { type Fields, isEmpty, isFields, nameOf, named, only, text, type Tree } from './node.ts';
import type { Shape, Shapes, Walk } from './shape.ts';
import { duckTypes, typeName } from './types.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

const operator: Shape = { fields: { left: 'node', right: 'node' } };
const one: Shape = { fields: { this: 'node' } };
const test: Shape = { fields: { this: 'node', not: 'keep' } };

/** Values, operators, conditions and casts. */
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
  // Comparison and logic.
  and: operator,
  or: operator,
  not: one,
  eq: operator,
  neq: operator,
  lt: operator,
  lte: operator,
  gt: operator,
  gte: operator,
  null_safe_eq: { ...operator, rewrite: both('_1 IS NOT DISTINCT FROM _2') },
  null_safe_neq: { ...operator, rewrite: both('_1 IS DISTINCT FROM _2') },
  between: { fields: { this: 'node', low: 'node', high: 'node', not: 'keep' } },
  is_null: test,
  is_true: test,
  is_false: test,
  exists: one,
  // A backslash escapes, which DuckDB must be told.
  like: { ...operator, rewrite: both(`_1 LIKE _2 ESCAPE '\\'`) },
  in: {
    fields: { this: 'node', expressions: 'nodes', query: 'node', unnest: 'node', not: 'keep' },
    rewrite: membership,
  },
  // Arithmetic.
  add: operator,
  sub: { ...operator, rewrite: both('bq_minus(_1, _2)') },
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
  case: { fields: { operand: 'node', whens: 'pairs', else_: 'node' } },
  if_func: {
    fields: { condition: 'node', true_value: 'node', false_value: 'node', original_name: 'keep' },
    rewrite: ({ condition, true_value, false_value }, { template }) =>
      template(
        'CASE WHEN _1 THEN _2 ELSE _3 END',
        condition as Tree,
        true_value as Tree,
        false_value as Tree,
      ),
  },
  coalesce: {
    fields: { expressions: 'nodes', original_name: 'keep' },
    rewrite: ({ expressions }) => ({
      coalesce: { expressions: expressions as Tree, original_name: null, inferred_type: null },
    }),
  },
  concat: { ...operator, rewrite: both('_1 || _2') },
  // Types.
  cast: { fields: { this: 'keep', to: 'keep' }, rewrite: (fields, walk) => cast(fields, walk, false) },
  safe_cast: { fields: { this: 'keep', to: 'keep' }, rewrite: (fields, walk) => cast(fields, walk, true) },
};

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
        `CAST('${text(value).replaceAll("'", "''")}' AS ${kind === 'date' ? 'DATE' : 'TIMESTAMPTZ'})`,
      );
    default:
      throw new UnsupportedSqlError(`a literal of type ${kind.toUpperCase()}`);
  }
}

function membership(fields: Fields, { template }: Walk): Tree {
  if (isEmpty(fields.unnest)) return { in: fields };
  const found = template('bq_in_list(_1, _2)', fields.this as Tree, fields.unnest as Tree);
  return fields.not === true ? template('NOT _1', found) : found;
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
function product({ left, right }: Fields, walk: Walk): Tree {
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
  return ({ left, right }, walk) => {
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

const casts: Readonly<Record<string, readonly [sql: string, safe: string]>> = {
  INT64: ['bq_int64(_1)', 'bq_safe_int64(_1)'],
  FLOAT64: ['bq_float64(_1)', 'bq_safe_float64(_1)'],
  BOOL: ['bq_bool(_1)', 'bq_safe_bool(_1)'],
  STRING: ['bq_string(_1)', 'bq_string(_1)'],
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
  const own = casts[name];
  if (own !== undefined) return template(own[safe ? 1 : 0], it);
  return template(`${safe ? 'TRY_CAST' : 'CAST'}(_1 AS ${duckTypes[name]})`, it);
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
