import { comparable, comparableWithAll, condition, textOnly } from './guards.ts';
import { type Fields, isEmpty, only, text, type Tree } from './node.ts';
import type { Shape, Shapes, Walk } from './shape.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

const logical: Shape = { fields: { left: 'condition', right: 'condition' } };
const test: Shape = { fields: { this: 'node', not: 'keep' } };
const truth: Shape = { fields: { this: 'condition', not: 'keep' } };

const comparison = (kind: string): Shape => ({
  fields: { left: 'node', right: 'node' },
  rewrite(fields, { template }) {
    const [left, right] = comparable(fields.left as Tree, fields.right as Tree, template);
    return { [kind]: { left, right } };
  },
});

const distinction = (sql: string): Shape => ({
  fields: { left: 'node', right: 'node' },
  rewrite: ({ left, right }, { template }) =>
    template(sql, ...comparable(left as Tree, right as Tree, template)),
});

/** What is true or false, and what depends on it. */
export const conditions: Shapes = {
  and: logical,
  or: logical,
  not: { fields: { this: 'condition' } },
  eq: comparison('eq'),
  neq: comparison('neq'),
  lt: comparison('lt'),
  lte: comparison('lte'),
  gt: comparison('gt'),
  gte: comparison('gte'),
  null_safe_eq: distinction('_1 IS NOT DISTINCT FROM _2'),
  null_safe_neq: distinction('_1 IS DISTINCT FROM _2'),
  between: {
    fields: { this: 'node', low: 'node', high: 'node', not: 'keep' },
    rewrite(fields, { template }) {
      const bounds = [fields.low as Tree, fields.high as Tree];
      const [value, [low = null, high = null]] = comparableWithAll(fields.this as Tree, bounds, template);
      return { between: { ...fields, this: value, low, high } };
    },
  },
  is_null: test,
  is_true: truth,
  is_false: truth,
  exists: { fields: { this: 'node' } },
  like: { fields: { left: 'node', right: 'node' }, rewrite: like },
  in: {
    fields: { this: 'node', expressions: 'nodes', query: 'node', unnest: 'node', not: 'keep' },
    rewrite: membership,
  },
  case: {
    fields: { operand: 'node', whens: 'pairs', else_: 'node' },
    rewrite(fields, { template }) {
      const pairs = fields.whens as [Tree, Tree][];
      const whens = pairs.map(([when]) => when);
      const values = pairs.map(([, value]) => value);
      const [operand, seen] = isEmpty(fields.operand)
        ? [fields.operand ?? null, whens.map((when) => condition(when, template))]
        : comparableWithAll(fields.operand as Tree, whens, template);
      return {
        case: { ...fields, operand, whens: seen.map((when, index) => [when, values[index] ?? null]) },
      };
    },
  },
  if_func: {
    fields: { condition: 'condition', true_value: 'node', false_value: 'node', original_name: 'keep' },
    rewrite: ({ condition, true_value, false_value }, { template }) =>
      template(
        'CASE WHEN _1 THEN _2 ELSE _3 END',
        condition as Tree,
        true_value as Tree,
        false_value as Tree,
      ),
  },
};

/** A backslash escapes, which DuckDB must be told. */
function like({ left, right }: Fields, { template }: Walk): Tree {
  const [kind, fields = {}] = only(right) ?? [];
  const pattern = kind === 'literal' && fields.literal_type !== 'number' ? text(fields.value) : '';
  if (/(?<!\\)(?:\\\\)*\\$/.test(pattern))
    throw new UnsupportedSqlError('LIKE with a pattern that ends in one backslash', 'two of them');
  return template(
    `_1 LIKE _2 ESCAPE '\\'`,
    textOnly(left as Tree, template),
    textOnly(right as Tree, template),
  );
}

function membership(fields: Fields, { template }: Walk): Tree {
  const value = fields.this as Tree;
  if (isEmpty(fields.unnest)) {
    const [seen, expressions] = comparableWithAll(value, (fields.expressions ?? []) as Tree[], template);
    return { in: { ...fields, this: seen, expressions } };
  }
  const found = template('bq_in_list(_1, _2)', value, fields.unnest as Tree);
  return fields.not === true ? template('NOT _1', found) : found;
}
