import { type Fields, isEmpty, isFields, nameOf, named, only, type Tree } from './node.ts';
import { type Roles, type Shapes, visitFields, type Walk } from './shape.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

/** `ORDER BY` within windows and aggregates. Where NULLs go without a word is set for the connection, as BigQuery puts them. */
export const ordered: Roles = {
  this: 'node',
  desc: 'keep',
  nulls_first: 'keep',
  explicit_asc: 'keep',
};
const orderBy: Roles = { expressions: { list: { ...ordered, this: 'ordinal' } } };
const withClause: Roles = { ctes: { list: { alias: 'name', this: 'node', alias_first: 'keep' } } };
const setOperation: Roles = {
  left: 'node',
  right: 'node',
  all: 'keep',
  distinct: 'keep',
  with: { fields: withClause },
  order_by: { fields: orderBy },
  limit: 'node',
  offset: 'node',
};
const join: Roles = {
  this: 'keep',
  kind: 'keep',
  on: 'condition',
  using: 'names',
  nesting_group: 'keep',
  use_inner_keyword: 'keep',
  use_outer_keyword: 'keep',
};
const joinKinds: ReadonlySet<Tree> = new Set(['Inner', 'Left', 'Right', 'Full', 'Cross']);
const window: Roles = {
  window_name: 'name',
  partition_by: 'nodes',
  order_by: { list: ordered },
  frame: {
    fields: {
      kind: 'keep',
      start: 'bound',
      end: 'bound',
      kind_text: 'keep',
      start_side_text: 'keep',
      end_side_text: 'keep',
    },
  },
};

/** Statements that give rows, and their clauses. */
export const clauses: Shapes = {
  select: {
    fields: {
      expressions: 'nodes',
      distinct: 'keep',
      from: { fields: { expressions: 'keep' } },
      joins: { list: join },
      where_clause: { fields: { this: 'condition' } },
      group_by: { fields: { expressions: 'ordinals' } },
      having: { fields: { this: 'condition' } },
      qualify: { fields: { this: 'condition' } },
      order_by: { fields: orderBy },
      limit: { fields: { this: 'node' } },
      offset: { fields: { this: 'node' } },
      windows: { list: { name: 'name', spec: { fields: window } } },
      with: { fields: withClause },
    },
    rewrite(fields, walk) {
      const from = isFields(fields.from) ? (fields.from.expressions as Tree[]) : [];
      const joins = ((fields.joins ?? []) as Fields[]).map((one) => {
        if (!joinKinds.has(one.kind ?? null))
          throw new UnsupportedSqlError(`${String(one.kind).toUpperCase()} JOIN`);
        return { ...one, this: source(one.this as Tree, walk) };
      });
      noStarOfItems(fields, [...from, ...joins.map((one) => one.this as Tree)]);
      if (isFields(fields.group_by)) {
        const rollup = (fields.group_by.expressions as Tree[]).length === 0;
        if (rollup) throw new UnsupportedSqlError('GROUP BY ALL', 'the columns');
      }
      return {
        select: {
          ...fields,
          joins,
          ...(from.length > 0 && { from: { expressions: from.map((item) => source(item, walk)) } }),
        },
      };
    },
  },
  union: { fields: setOperation, rewrite: (fields) => combined('union', fields) },
  except: { fields: setOperation, rewrite: (fields) => combined('except', fields) },
  intersect: { fields: setOperation, rewrite: (fields) => combined('intersect', fields) },
  subquery: {
    fields: {
      this: 'node',
      alias: 'name',
      alias_explicit_as: 'keep',
      alias_keyword: 'keep',
      order_by: { fields: orderBy },
      limit: 'keep',
      offset: 'keep',
      with: { fields: withClause },
    },
  },
  table: {
    fields: {
      name: 'keep',
      schema: 'keep',
      catalog: 'keep',
      alias: 'name',
      alias_explicit_as: 'keep',
    },
    rewrite: (fields, { withNames }) => ({ table: tableReference(fields, withNames) }),
  },
  star: {
    fields: {
      table: 'name',
      except: 'names',
      replace: { list: { this: 'node', alias: 'name', alias_explicit_as: 'keep', alias_keyword: 'keep' } },
    },
  },
  alias: {
    fields: { this: 'node', alias: 'name', alias_explicit_as: 'keep', alias_keyword: 'keep' },
  },
  window_function: {
    fields: { this: 'node', over: { fields: window } },
    rewrite(fields) {
      const [kind = '?'] = only(fields.this as Tree) ?? [];
      const frame = isFields(fields.over) && isFields(fields.over.frame) ? fields.over.frame.kind : 'Rows';
      if (frame !== 'Rows' && frame !== 'Range')
        throw new UnsupportedSqlError(`a window frame of ${String(frame).toUpperCase()}`);
      if (kind === 'paren' || kind === 'function' || kind === 'case')
        throw new UnsupportedSqlError('that aggregate as a window', 'it as a subquery');
      return { window_function: fields };
    },
  },
};

/** BigQuery's star of UNNEST gives the fields of its structs, DuckDB's the structs. */
function noStarOfItems({ expressions }: Fields, sources: readonly Tree[]): void {
  const lists = sources.flatMap((item) => {
    const [kind, { this: inner, alias } = {} as Fields] = only(item) ?? [];
    const listed = kind === 'unnest' || (kind === 'alias' && only(inner)?.[0] === 'unnest');
    return listed && !isEmpty(alias) ? [nameOf(alias).toLowerCase()] : [];
  });
  for (const column of (expressions ?? []) as Tree[]) {
    const [kind, { table } = {} as Fields] = only(column) ?? [];
    if (kind !== 'star' || lists.length === 0) continue;
    if (isEmpty(table) || lists.includes(nameOf(table).toLowerCase()))
      throw new UnsupportedSqlError('a star of UNNEST', 'the columns');
  }
}

/** BigQuery wants to be told whether rows are kept twice; DuckDB guesses. */
function combined(kind: string, fields: Fields): Tree {
  if (isEmpty(fields.all) && isEmpty(fields.distinct))
    throw new UnsupportedSqlError(`${kind.toUpperCase()} alone`, `${kind.toUpperCase()} ALL or DISTINCT`);
  if (kind !== 'union' && !isEmpty(fields.all)) throw new UnsupportedSqlError(`${kind.toUpperCase()} ALL`);
  return { [kind]: fields };
}

/** What stands in FROM: a table, a query, or a list. */
function source(tree: Tree, walk: Walk): Tree {
  const [kind = '', fields = {}] = only(tree) ?? [];
  if (kind === 'alias' && only(fields.this)?.[0] === 'unnest') {
    const [, list = {}] = only(fields.this) ?? [];
    return unnested({ ...list, alias: fields.alias ?? null }, walk);
  }
  if (kind === 'unnest') return unnested(fields, walk);
  return walk.visit(tree);
}

/** BigQuery's `UNNEST(list) AS x WITH OFFSET AS o` names the value and its place, DuckDB's the table that holds them. */
function unnested(fields: Fields, walk: Walk): Tree {
  const roles: Roles = { this: 'node', alias: 'keep', with_ordinality: 'keep', offset_alias: 'keep' };
  const { this: list, alias, with_ordinality, offset_alias } = visitFields('unnest', fields, roles, walk);
  if (isEmpty(alias)) throw new UnsupportedSqlError('UNNEST without a name', 'UNNEST(…) AS name');
  const value = nameOf(alias);
  if (isEmpty(with_ordinality)) {
    return {
      alias: {
        this: {
          unnest: {
            this: list as Tree,
            expressions: [],
            with_ordinality: false,
            alias: null,
            offset_alias: null,
          },
        },
        alias: named(value),
        column_aliases: [named(value)],
        alias_explicit_as: true,
        alias_keyword: 'AS',
        pre_alias_comments: [],
        trailing_comments: [],
      },
    };
  }
  const offset = isEmpty(offset_alias) ? 'offset' : nameOf(offset_alias);
  const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
  return walk.template(
    `(SELECT unnest(_1) AS ${quote(value)}, generate_subscripts(_1, 1) - 1 AS ${quote(offset)}) AS ${quote(value)}`,
    list as Tree,
  );
}

// Schemas that are DuckDB's own, and would answer with something else.
const internal: ReadonlySet<string> = new Set(['information_schema', 'pg_catalog', 'main', 'temp', 'system']);

/** Dataset and table of a name that may be written in one pair of backticks; of projects there is one here. */
export function tableParts(fields: Fields): readonly [dataset: string | undefined, table: string] {
  const whole = nameOf(fields.name);
  const quoted = isFields(fields.name) && fields.name.quoted === true;
  const parts = quoted ? whole.split('.') : [whole];
  const table = parts.at(-1) as string;
  const dataset =
    parts.length > 1 ? parts.at(-2) : isFields(fields.schema) ? nameOf(fields.schema) : undefined;
  if (table.includes('*'))
    throw new UnsupportedSqlError(`the wildcard table ${table}`, 'UNION ALL of the tables');
  if (parts.length > 3 || (dataset !== undefined && internal.has(dataset.toLowerCase())))
    throw new UnsupportedSqlError(`table ${dataset}.${table}`);
  return [dataset, table];
}

function tableReference(fields: Fields, withNames: ReadonlySet<string>): Fields {
  const [dataset, table] = tableParts(fields);
  if (dataset === undefined && !withNames.has(table.toLowerCase()))
    throw new UnsupportedSqlError(`table ${table} without its dataset`, `dataset.${table}`);
  return {
    ...fields,
    name: named(table),
    schema: dataset === undefined ? null : named(dataset),
    catalog: null,
  };
}
