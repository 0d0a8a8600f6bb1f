import { type Fields, isEmpty, isFields, nameOf, named, only, spoken, type Tree } from './node.ts';
import { condition } from './guards.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

/**
 * What becomes of a field: `keep` leaves it as it is (a flag, a text, or something that the rewrite sees to), `name` and
 * `names` are identifiers, `node` and `nodes` are visited, a `condition` must be a BOOL, `pairs` are lists of nodes; an
 * `ordinal` may be a column's number.
 */
export type Role =
  | 'keep'
  | 'name'
  | 'names'
  | 'node'
  | 'nodes'
  | 'condition'
  | 'pairs'
  | 'ordinal'
  | 'ordinals'
  | 'bound'
  | { readonly fields: Roles }
  | { readonly list: Roles };
export type Roles = Readonly<Record<string, Role>>;

/** Makes DuckDB's tree of an expression in DuckDB's SQL, with the arguments in the places of `_1`, `_2`, … */
export type Template = (sql: string, ...args: Tree[]) => Tree;

export interface Walk {
  readonly template: Template;
  visit(tree: Tree | undefined): Tree;
  /** Names of `WITH` in the statement. */
  readonly withNames: ReadonlySet<string>;
}

/**
 * A kind of node on the list: the fields in which it may say something, and what takes its place once they are visited
 * (default: itself). Any other field that says something is refused.
 */
export interface Shape {
  readonly fields: Roles;
  readonly rewrite?: (fields: Fields, walk: Walk) => Tree;
}
export type Shapes = Readonly<Record<string, Shape>>;

/** The visited fields of a node. */
export function visitFields(kind: string, fields: Fields, roles: Roles, walk: Walk): Fields {
  const done: Fields = {};
  for (const [field, value] of Object.entries(fields)) {
    if (field === 'span' || field === 'inferred_type' || field.endsWith('_comments')) continue;
    const role = roles[field];
    if (role === undefined && !isEmpty(value))
      throw new UnsupportedSqlError(unknownField(kind, field, value));
    done[field] = isEmpty(value) || role === undefined ? value : visitRole(kind, value, role, walk);
  }
  return done;
}

function visitRole(kind: string, value: Tree, role: Role, walk: Walk): Tree {
  switch (role) {
    case 'keep':
      return value;
    case 'name':
      return named(nameOf(value));
    case 'names':
      return listOf(value).map((name) => named(nameOf(name)));
    case 'node':
      return walk.visit(value);
    case 'nodes':
      return listOf(value).map((node) => walk.visit(node));
    case 'condition':
      return condition(walk.visit(value), walk.template);
    case 'pairs':
      return listOf(value).map((pair) => listOf(pair).map((node) => walk.visit(node)));
    case 'ordinal':
      return isNumber(value) ? value : walk.visit(value);
    case 'ordinals':
      return listOf(value).map((node) => (isNumber(node) ? node : walk.visit(node)));
    case 'bound':
      return frameBound(value, walk);
    default:
      return 'list' in role
        ? listOf(value).map((item) => visitFields(kind, fieldsOf(item), role.list, walk))
        : visitFields(kind, fieldsOf(value), role.fields, walk);
  }
}

/** Where a window's frame begins or ends: a word, or so many rows before or after. */
function frameBound(value: Tree, walk: Walk): Tree {
  if (typeof value === 'string') return value;
  const [side, count] = Object.entries(fieldsOf(value))[0] ?? ['', null];
  return { [side]: walk.visit(count) };
}

function unknownField(kind: string, field: string, value: Tree): string {
  if (kind === 'select' && field === 'kind') return `SELECT AS ${String(value)}`;
  return `${spoken(field)} in ${spoken(kind)}`;
}

function isNumber(tree: Tree): boolean {
  const node = only(tree);
  return node?.[0] === 'literal' && node[1].literal_type === 'number';
}

function listOf(tree: Tree): Tree[] {
  if (Array.isArray(tree)) return tree;
  throw new TypeError(`expected a list in the parsed tree, received ${typeof tree}`);
}

function fieldsOf(tree: Tree): Fields {
  if (isFields(tree)) return tree;
  throw new TypeError(`expected fields in the parsed tree, received ${typeof tree}`);
}
