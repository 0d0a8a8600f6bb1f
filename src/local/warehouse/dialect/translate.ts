import { InvalidDataError } from '../../../errors/index.ts';
import { constructs, duckTypes, fieldsKnown, type ScalarName, type Template } from './constructs.ts';
import { createTable, ddlKinds } from './definitions.ts';
import { type Fields, isEmpty, isFields, only, text, type Tree } from './node.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

/** One statement for DuckDB. */
export interface Translation {
  readonly sql: string;
  /** Names of the parameters that it uses. */
  readonly params: ReadonlySet<string>;
  readonly kind: 'select' | 'definition';
}

export type Translator = (
  sql: string,
  types: Readonly<Record<string, ScalarName | readonly [ScalarName]>>,
) => Translation;

// What the parser's face looks like; the package is an optional peer and is loaded with the warehouse.
interface Sdk {
  init?: () => Promise<void>;
  parse(sql: string, dialect: string): { success: boolean; ast?: unknown; error?: string | undefined };
  generate(
    ast: unknown,
    dialect: string,
  ): { success: boolean; sql?: readonly string[] | undefined; error?: string | undefined };
}

const kept = 500;

/** The parameter that `CURRENT_TIMESTAMP` and `CURRENT_DATE` become. */
export const nowParameter = 'bq_now';

/** Loads the parser. Statements are remembered, as a processor asks the same ones every day. */
export async function loadTranslator(): Promise<Translator> {
  const sdk = (await import('@polyglot-sql/sdk')) as unknown as Sdk;
  const templates = new Map<string, Tree>();
  const known = new Map<string, Translation>();
  const template: Template = (sql, ...args) => {
    let parsed = templates.get(sql);
    if (parsed === undefined) {
      parsed = expressionOf(parse(sdk, `SELECT ${sql}`, 'duckdb'));
      templates.set(sql, parsed);
    }
    return fill(parsed, args);
  };
  return (sql, types) => {
    const key = JSON.stringify([sql, types]);
    let translation = known.get(key);
    if (translation === undefined) {
      translation = translateOne(sdk, sql, types, template);
      const oldest = known.keys().next();
      if (known.size >= kept && !oldest.done) known.delete(oldest.value);
      known.set(key, translation);
    }
    return translation;
  };
}

function translateOne(
  sdk: Sdk,
  sql: string,
  types: Parameters<Translator>[1],
  template: Template,
): Translation {
  const statement = parse(sdk, sql, 'bigquery');
  const [kind, fields] = only(statement) ?? ['statement', {}];
  if (ddlKinds.has(kind)) {
    if (kind === 'create_table') return { sql: createTable(fields), params: new Set(), kind: 'definition' };
    const view =
      kind === 'create_view'
        ? { ...fields, query: translateTree(fields.query as Tree, {}, template).tree }
        : fields;
    const tree = { [kind]: withNames(view) } as Tree;
    return { sql: generate(sdk, tree), params: new Set(), kind: 'definition' };
  }
  if (kind !== 'select' && kind !== 'union' && kind !== 'subquery')
    throw new UnsupportedSqlError(`statement ${kind.replaceAll('_', ' ').toUpperCase()}`);
  const { tree, params } = translateTree(statement, types, template);
  const written = generate(sdk, tree);
  return {
    sql: written,
    params: written.includes(`$${nowParameter}`) ? new Set([...params, nowParameter]) : params,
    kind: 'select',
  };
}

function translateTree(statement: Tree, types: Parameters<Translator>[1], template: Template) {
  const params = new Set<string>();
  const visit = (tree: Tree): Tree => {
    if (Array.isArray(tree)) return tree.map(visit);
    if (!isFields(tree)) return tree;
    const node = only(tree);
    if (node !== undefined && !fieldsOnly.has(node[0])) {
      const [kind, fields] = node;
      if (kind === 'column') {
        const parameter = parameterOf(fields);
        if (parameter !== undefined) {
          params.add(parameter);
          return bound(parameter, types[parameter], template);
        }
      }
      if (kind === 'unnest' || kind === 'interval' || kind === 'var' || kind === 'null')
        return { [kind]: visitFields(fields) };
      if (kind === 'alias' && only(fields.this as Tree)?.[0] === 'unnest')
        return { alias: visitFields(asColumn(fields)) };
      const construct = constructs[kind];
      if (construct === undefined) throw new UnsupportedSqlError(kind.replaceAll('_', ' ').toUpperCase());
      const done = visitFields(kind === 'table' ? withNames(fields) : fields);
      return construct === true ? { [kind]: done } : replaced(kind, done, construct(done, template));
    }
    return visitFields(tree);
  };
  const visitFields = (fields: Fields): Fields => {
    const done: Fields = {};
    for (const [field, value] of Object.entries(fields)) {
      if (field === 'span' || field.endsWith('_comments')) continue;
      if (isEmpty(value)) {
        done[field] = value;
        continue;
      }
      if (!fieldsKnown.has(field) && constructs[field] === undefined)
        throw new UnsupportedSqlError(`${field.replaceAll('_', ' ').toUpperCase()}`);
      done[field] = visit(value);
    }
    return done;
  };
  return { tree: visit(statement), params };
}

/** BigQuery's `UNNEST(list) AS x` names the value; DuckDB's names the table that holds it. */
function asColumn(fields: Fields): Fields {
  return {
    ...fields,
    alias: { ...(fields.alias as Fields), name: 'unnested' },
    column_aliases: [fields.alias as Fields],
  };
}

function replaced(kind: string, fields: Fields, by: Tree | true): Tree {
  return by === true ? { [kind]: fields } : by;
}

// Fields that, standing alone in a plain object, are no kind of node.
const fieldsOnly: ReadonlySet<string> = new Set(['this', 'name', 'expressions', 'ctes', 'kind']);

function parameterOf({ name, table }: Fields): string | undefined {
  const called = isFields(name) ? name.name : undefined;
  return typeof called === 'string' && called.startsWith('@') && isEmpty(table) ? called.slice(1) : undefined;
}

function bound(name: string, type: ScalarName | readonly [ScalarName] | undefined, template: Template): Tree {
  if (type === undefined) return template(`$${name}`);
  const duck = typeof type === 'string' ? duckTypes[type] : `${duckTypes[type[0]]}[]`;
  return template(`CAST($${name} AS ${duck})`);
}

/** A name in backticks may hold its dataset and project; of projects there is one here. */
export function withNames(fields: Fields): Fields {
  const { name } = fields;
  if (!isFields(name) || typeof name.name !== 'string' || name.quoted !== true)
    return { ...fields, catalog: null };
  const parts = name.name.split('.');
  if (parts.length > 3) throw new InvalidDataError(`"${name.name}" is no table's name`);
  const schema = parts.length > 1 ? { ...name, name: parts.at(-2) as string } : (fields.schema ?? null);
  return { ...fields, name: { ...name, name: parts.at(-1) as string }, schema, catalog: null };
}

function parse(sdk: Sdk, sql: string, dialect: string): Tree {
  const { success, ast, error } = sdk.parse(sql, dialect);
  if (!success) throw new InvalidDataError(`The SQL can't be read: ${error ?? 'no reason given'}`);
  const statements = ast as Tree[];
  const [statement] = statements;
  if (statements.length !== 1 || statement === undefined)
    throw new UnsupportedSqlError(`${statements.length} statements in one query`);
  return statement;
}

function generate(sdk: Sdk, tree: Tree): string {
  const { success, sql, error } = sdk.generate([tree], 'duckdb');
  const [statement] = sql ?? [];
  if (!success || statement === undefined)
    throw new InvalidDataError(`The SQL can't be written for DuckDB: ${error ?? 'no reason given'}`);
  return statement;
}

function expressionOf(statement: Tree): Tree {
  const [, fields] = only(statement) ?? ['', {}];
  return (fields.expressions as Tree[])[0] as Tree;
}

function fill(tree: Tree, args: readonly Tree[]): Tree {
  if (Array.isArray(tree)) return tree.map((inner) => fill(inner, args));
  if (!isFields(tree)) return tree;
  const node = only(tree);
  if (node?.[0] === 'column' && isFields(node[1].name)) {
    const place = /^_([1-9])$/.exec(text(node[1].name.name));
    // In brackets, so that what is put in stays one operand.
    if (place !== null) return { paren: { this: args[Number(place[1]) - 1] as Tree, trailing_comments: [] } };
  }
  return Object.fromEntries(Object.entries(tree).map(([key, inner]) => [key, fill(inner, args)]));
}
