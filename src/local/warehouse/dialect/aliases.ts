import { type Fields, isEmpty, isFields, nameOf, only, type Tree } from './node.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

/**
 * In GROUP BY, HAVING, QUALIFY and ORDER BY a name that SELECT gives counts before a column's in BigQuery, and after it in
 * DuckDB. So the value that is meant takes the name's place.
 *
 * @param fields Of a `select` node, not visited yet.
 */
export function withAliasesFirst(fields: Fields): Fields {
  const columns = (fields.expressions ?? []) as Tree[];
  const aliases = aliasesOf(columns);
  if (aliases.size === 0) return fields;
  const within = (clause: Tree | undefined, where: string): Tree => {
    if (!isFields(clause)) return clause ?? null;
    return { ...clause, this: replaced(clause.this ?? null, aliases, where) };
  };
  return {
    ...fields,
    ...(isFields(fields.group_by) && { group_by: grouped(fields.group_by, columns, aliases) }),
    having: within(fields.having, 'HAVING'),
    qualify: within(fields.qualify, 'QUALIFY'),
    ...(isFields(fields.order_by) && {
      order_by: {
        ...fields.order_by,
        // A name alone is the alias in both.
        expressions: ((fields.order_by.expressions ?? []) as Fields[]).map((item) =>
          bareName(item.this) === undefined
            ? { ...item, this: replaced(item.this ?? null, aliases, 'ORDER BY') }
            : item,
        ),
      },
    }),
  };
}

type Aliases = ReadonlyMap<string, Tree>;

/** Names that SELECT gives to other than the column of that name. */
function aliasesOf(columns: readonly Tree[]): Aliases {
  const aliases = new Map<string, Tree>();
  for (const column of columns) {
    const [kind, fields = {}] = only(column) ?? [];
    if (kind !== 'alias') continue;
    const name = nameOf(fields.alias).toLowerCase();
    const [inner, { name: own } = {} as Fields] = only(fields.this) ?? [];
    if (inner === 'column' && isFields(own) && nameOf(own).toLowerCase() === name) continue;
    aliases.set(name, fields.this ?? null);
  }
  return aliases;
}

function grouped(groupBy: Fields, columns: readonly Tree[], aliases: Aliases): Fields {
  const expressions = ((groupBy.expressions ?? []) as Tree[]).map((item): Tree => {
    const name = bareName(item);
    if (name === undefined || !aliases.has(name)) return item;
    const place = columns.findIndex((column) => aliasName(column) === name);
    if (columns.slice(0, place).some((column) => only(column)?.[0] === 'star'))
      throw new UnsupportedSqlError('GROUP BY a name given after a star', 'the columns instead of the star');
    return { literal: { literal_type: 'number', value: String(place + 1) } };
  });
  return { ...groupBy, expressions };
}

function aliasName(column: Tree): string | undefined {
  const [kind, fields = {}] = only(column) ?? [];
  return kind === 'alias' ? nameOf(fields.alias).toLowerCase() : undefined;
}

/** The name of a column that stands alone, without its table. */
function bareName(tree: Tree | undefined): string | undefined {
  const [kind, fields = {}] = only(tree) ?? [];
  return kind === 'column' && isEmpty(fields.table) ? nameOf(fields.name).toLowerCase() : undefined;
}

// Names within them are those of FROM.
const aggregates: ReadonlySet<string> = new Set([
  'count',
  'sum',
  'min',
  'max',
  'avg',
  'stddev',
  'stddev_samp',
  'stddev_pop',
  'variance',
  'var_samp',
  'var_pop',
  'count_if',
  'logical_or',
  'logical_and',
  'any_value',
  'aggregate_function',
  'array_agg',
  'string_agg',
]);
const queries: ReadonlySet<string> = new Set([
  'select',
  'subquery',
  'exists',
  'union',
  'except',
  'intersect',
]);

function replaced(tree: Tree, aliases: Aliases, where: string): Tree {
  if (Array.isArray(tree)) return tree.map((item) => replaced(item, aliases, where));
  if (!isFields(tree)) return tree;
  const name = bareName(tree);
  const meant = name === undefined ? undefined : aliases.get(name);
  if (name !== undefined && meant !== undefined) {
    if (where === 'OVER')
      throw new UnsupportedSqlError(`the name ${name} of SELECT within OVER`, 'the value itself');
    // DuckDB would take the column in its place for the name again.
    if (where !== 'ORDER BY' && mentions(meant, name))
      throw new UnsupportedSqlError(
        `the name ${name} of SELECT, a column of its own value too, in ${where}`,
        'another name',
      );
    return { paren: { this: meant, trailing_comments: [] } };
  }
  const [kind = ''] = only(tree) ?? [];
  if (queries.has(kind) || (aggregates.has(kind) && where !== 'OVER')) return tree;
  const inner = kind === 'window_function' ? 'OVER' : where;
  return Object.fromEntries(Object.entries(tree).map(([key, item]) => [key, replaced(item, aliases, inner)]));
}

/** Whether a column stands in it under that name alone, outside of aggregates. */
function mentions(tree: Tree, name: string): boolean {
  if (Array.isArray(tree)) return tree.some((item) => mentions(item, name));
  if (!isFields(tree)) return false;
  if (bareName(tree) === name) return true;
  return !aggregates.has(only(tree)?.[0] ?? '') && Object.values(tree).some((item) => mentions(item, name));
}
