import { ordered } from './clauses.ts';
import { textOnly } from './guards.ts';
import { type Fields, isEmpty, only, text, type Tree } from './node.ts';
import type { Shape, Shapes, Walk } from './shape.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

const aggregate: Shape = {
  fields: { this: 'node', distinct: 'keep', name: 'keep', original_name: 'keep' },
};

/** BigQuery computes these of NUMERIC in NUMERIC, DuckDB in DOUBLE. */
const floating: Shape = {
  ...aggregate,
  rewrite: (fields, { template }) =>
    template(
      `${text(fields.name).toLowerCase()}(${fields.distinct === true ? 'DISTINCT ' : ''}bq_no_numeric(_1))`,
      fields.this as Tree,
    ),
};

const condition = (sql: string): Shape => ({
  fields: { this: 'condition', name: 'keep' },
  rewrite: (fields, { template }) => template(sql, fields.this as Tree),
});

const neighbour: Shape = { fields: { this: 'node', offset: 'node', default: 'node' } };
const framed: Shape = { fields: { this: 'node', offset: 'node', ignore_nulls: 'keep' } };

/** Aggregates, and what stands before OVER. */
export const aggregates: Shapes = {
  count: { fields: { ...aggregate.fields, star: 'keep' } },
  sum: {
    ...aggregate,
    rewrite: (fields, { template }) => ({
      sum: { ...fields, this: template('bq_summand(_1)', fields.this as Tree) },
    }),
  },
  min: aggregate,
  max: aggregate,
  avg: floating,
  stddev: floating,
  stddev_samp: floating,
  stddev_pop: floating,
  variance: floating,
  var_samp: floating,
  var_pop: floating,
  // Of nothing it is 0, and DuckDB's own is NULL.
  count_if: condition('count(CASE WHEN _1 THEN 1 END)'),
  logical_or: condition('bool_or(_1)'),
  logical_and: condition('bool_and(_1)'),
  any_value: {
    fields: { this: 'node', name: 'keep', having_max: 'keep' },
    rewrite: anyValue,
  },
  aggregate_function: { fields: { name: 'keep', args: 'nodes' }, rewrite: byOther },
  array_agg: {
    fields: {
      this: 'node',
      distinct: 'keep',
      name: 'keep',
      ignore_nulls: 'keep',
      order_by: { list: ordered },
      limit: 'node',
    },
    rewrite: (fields, walk) => limited(collected(fields, walk), fields, walk),
  },
  string_agg: {
    fields: {
      this: 'node',
      distinct: 'keep',
      separator: 'node',
      order_by: { list: ordered },
      limit: 'node',
    },
    rewrite: joined,
  },
  row_number: { fields: {}, rewrite: () => ({ row_number: null }) },
  rank: { fields: { order_by: 'keep', args: 'keep' } },
  dense_rank: { fields: { args: 'keep' } },
  percent_rank: { fields: { order_by: 'keep', args: 'keep' } },
  n_tile: { fields: { num_buckets: 'node' } },
  lag: neighbour,
  lead: neighbour,
  first_value: framed,
  last_value: framed,
};

function anyValue(fields: Fields, { template, visit }: Walk): Tree {
  if (isEmpty(fields.having_max)) return template('any_value(_1)', fields.this as Tree);
  const [by, greatest] = fields.having_max as Tree[];
  return template(
    `${greatest === true ? 'arg_max_null' : 'arg_min_null'}(_1, _2)`,
    fields.this as Tree,
    visit(by),
  );
}

function byOther({ name, args }: Fields, { template }: Walk): Tree {
  const forms: Readonly<Record<string, string>> = {
    MAX_BY: 'arg_max_null(_1, _2)',
    MIN_BY: 'arg_min_null(_1, _2)',
  };
  const form = forms[text(name).toUpperCase()];
  const [value, by] = args as Tree[];
  if (form === undefined || value === undefined || by === undefined || (args as Tree[]).length > 2)
    throw new UnsupportedSqlError(`function ${text(name).toUpperCase()}`);
  return template(form, value, by);
}

/** `array_agg` for DuckDB, which leaves NULLs out by a filter. */
function collected(fields: Fields, { template }: Walk): Tree {
  const it = fields.this as Tree;
  const distinct = fields.distinct === true ? 'DISTINCT ' : '';
  const filter = fields.ignore_nulls === true ? ' FILTER (WHERE _1 IS NOT NULL)' : '';
  const order = (fields.order_by ?? []) as Tree[];
  if (order.length > 9) throw new UnsupportedSqlError('ORDER BY of more than nine values in ARRAY_AGG');
  const places = order.map((item, index) => {
    const { desc, nulls_first } = item as Fields;
    const nulls =
      isEmpty(nulls_first) && nulls_first !== false
        ? ''
        : nulls_first === true
          ? ' NULLS FIRST'
          : ' NULLS LAST';
    return `_${index + 2}${desc === true ? ' DESC' : ''}${nulls}`;
  });
  const orderBy = places.length === 0 ? '' : ` ORDER BY ${places.join(', ')}`;
  return template(
    `array_agg(${distinct}_1${orderBy})${filter}`,
    it,
    ...order.map((item) => (item as Fields).this as Tree),
  );
}

function limited(list: Tree, { limit }: Fields, { template }: Walk): Tree {
  return isEmpty(limit) ? list : template('list_slice(_1, 1, _2)', list, limit as Tree);
}

/** Without a separator it is a comma. */
function joined(fields: Fields, walk: Walk): Tree {
  const { separator } = fields;
  const between: Tree = isEmpty(separator)
    ? { literal: { literal_type: 'string', value: ',' } }
    : (separator as Tree);
  // With DISTINCT, DuckDB orders by the very value alone.
  const value =
    fields.distinct === true ? (fields.this as Tree) : textOnly(fields.this as Tree, walk.template);
  if (isEmpty(fields.limit)) return { string_agg: { ...fields, this: value, separator: between } };
  const [kind] = only(fields.this as Tree) ?? [];
  if (kind === undefined) throw new UnsupportedSqlError('STRING_AGG');
  const list = limited(collected({ ...fields, this: value, ignore_nulls: true }, walk), fields, walk);
  return walk.template('array_to_string(_1, _2)', list, between);
}
