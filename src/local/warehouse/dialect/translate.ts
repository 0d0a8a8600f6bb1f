import type { ParameterType } from '../../../clients/index.ts';
import { aggregates } from './aggregates.ts';
import { clauses } from './clauses.ts';
import { definition, definitionKinds } from './definitions.ts';
import { aliased, expressions, outputName, parameterOf } from './expressions.ts';
import { dateShapes } from './dates.ts';
import { functionShapes } from './functions.ts';
import { type Fields, isEmpty, isFields, nameOf, only, spoken, type Tree } from './node.ts';
import { changes } from './changes.ts';
import { conditions } from './conditions.ts';
import { withAliasesFirst } from './aliases.ts';
import { type Shapes, type Template, visitFields, type Walk } from './shape.ts';
import { loadSql, type Sql, verbOf } from './sql.ts';
import { duckTypes } from './types.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

/** One statement for DuckDB. */
export interface Translation {
  readonly kind: 'select' | 'change' | 'definition';
  readonly sql: string;
  /** Names of the parameters that it uses. */
  readonly params: ReadonlySet<string>;
  /** The dataset that it defines something in. */
  readonly dataset?: string | undefined;
}

export type Types = Readonly<Record<string, ParameterType>>;
export type Translator = (sql: string, types: Types) => Translation;

/** Every kind of node on the list. */
export const constructs: Shapes = {
  ...clauses,
  ...expressions,
  ...conditions,
  ...aggregates,
  ...functionShapes,
  ...dateShapes,
  ...changes,
};

const rowKinds: ReadonlySet<string> = new Set(['select', 'union', 'except', 'intersect', 'subquery']);
const kept = 500;

/** Loads the parser. Statements are remembered, as a processor asks the same ones every day. */
export async function loadTranslator(seen?: (construct: string) => void): Promise<Translator> {
  const sql = await loadSql();
  const known = new Map<string, Translation>();
  return (text, types) => {
    const key = JSON.stringify([text, types]);
    let translation = known.get(key);
    if (translation === undefined) {
      translation = translate(sql, text, types, seen);
      const oldest = known.keys().next();
      if (known.size >= kept && !oldest.done) known.delete(oldest.value);
      known.set(key, translation);
    }
    return translation;
  };
}

function translate(sql: Sql, text: string, types: Types, seen?: (construct: string) => void): Translation {
  const statement = sql.parse(text, 'bigquery');
  const [kind, fields] = only(statement) ?? ['statement', {}];
  const verb = verbOf(text);
  if (verb === 'FROM') throw new UnsupportedSqlError('statement FROM', 'SELECT … FROM');
  const params = new Set<string>();
  const walk = walker(sql.template, types, params, withNamesOf(statement), seen);
  if (rowKinds.has(kind))
    return { kind: 'select', sql: sql.write(walk.visit(withOutputNames(statement))), params };
  if (kind in changes) return { kind: 'change', sql: sql.write(walk.visit(statement)), params };
  if (!definitionKinds.has(kind)) throw new UnsupportedSqlError(`statement ${verb}`);
  const defined = definition(kind, fields, (query) => sql.write(walk.visit(withOutputNames(query))));
  if (params.size > 0) throw new UnsupportedSqlError(`a parameter in ${spoken(kind)}`, 'its value');
  return { kind: 'definition', ...defined, params };
}

function walker(
  template: Template,
  types: Types,
  params: Set<string>,
  withNames: ReadonlySet<string>,
  seen?: (construct: string) => void,
): Walk {
  const walk: Walk = {
    template,
    withNames,
    visit(tree) {
      const node = only(tree);
      if (node === undefined)
        throw new TypeError(`expected a node in the parsed tree, received ${JSON.stringify(tree)}`);
      const [kind, fields] = node;
      const parameter = kind === 'column' ? parameterOf(fields) : undefined;
      if (parameter !== undefined) {
        params.add(parameter);
        return bound(parameter, types[parameter], template);
      }
      const shape = Object.hasOwn(constructs, kind) ? constructs[kind] : undefined;
      if (shape === undefined) throw new UnsupportedSqlError(spoken(kind));
      seen?.(kind === 'function' ? `${kind} ${String(fields.name).toUpperCase()}` : kind);
      const meant = kind === 'select' ? withAliasesFirst(fields) : fields;
      const done = visitFields(kind, meant, shape.fields, walk);
      return shape.rewrite === undefined ? { [kind]: done } : shape.rewrite(done, walk);
    },
  };
  return walk;
}

function bound(name: string, type: ParameterType | undefined, template: Template): Tree {
  if (!/^[A-Za-z_]\w*$/.test(name)) throw new UnsupportedSqlError(`parameter @${name}`, 'a plain name');
  if (type === undefined) return template(`$${name}`);
  const duck = typeof type === 'string' ? duckTypes[type] : `${duckTypes[type[0]]}[]`;
  return template(`CAST($${name} AS ${duck})`);
}

/** Names each column of the result as BigQuery would: by the column, or f0_, f1_, … */
function withOutputNames(statement: Tree): Tree {
  const [kind, fields] = only(statement) ?? ['', {}];
  if (kind === 'union' || kind === 'except' || kind === 'intersect')
    return { [kind]: { ...fields, left: withOutputNames(fields.left ?? null) } };
  if (kind === 'subquery') return { subquery: { ...fields, this: withOutputNames(fields.this ?? null) } };
  if (kind !== 'select') return statement;
  let unnamed = 0;
  const columns = ((fields.expressions ?? []) as Tree[]).map((column) => {
    const [what] = only(column) ?? [];
    return what === 'star' || what === 'alias'
      ? column
      : aliased(column, outputName(column) ?? `f${unnamed++}_`);
  });
  return { select: { ...fields, expressions: columns } };
}

/** The names of all `WITH` in a statement; a table without a dataset must be one of them. */
function withNamesOf(tree: Tree, names = new Set<string>()): ReadonlySet<string> {
  if (Array.isArray(tree)) for (const item of tree) withNamesOf(item, names);
  else if (isFields(tree)) {
    for (const [field, value] of Object.entries(tree)) {
      if (field === 'ctes' && !isEmpty(value))
        for (const cte of value as Fields[]) names.add(nameOf(cte.alias).toLowerCase());
      withNamesOf(value as Tree, names);
    }
  }
  return names;
}
