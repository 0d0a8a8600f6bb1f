import { type Fields, only, text, type Tree } from './node.ts';
import type { Template } from './shape.ts';

// What BigQuery refuses for its types and DuckDB would convert. Only DuckDB knows the types: it decides these conditions once,
// before the first row, and plans as if they were not there.

/** A condition must be a BOOL: BigQuery takes no number for one. */
export function condition(tree: Tree, template: Template): Tree {
  return isCondition(tree) ? tree : template('bq_condition(_1)', tree);
}

const conditions: ReadonlySet<string> = new Set([
  'and',
  'or',
  'not',
  'eq',
  'neq',
  'lt',
  'lte',
  'gt',
  'gte',
  'null_safe_eq',
  'null_safe_neq',
  'between',
  'is_null',
  'is_true',
  'is_false',
  'exists',
  'like',
  'in',
  'boolean',
  'null',
]);

function isCondition(tree: Tree): boolean {
  const [kind = '', fields = {}] = only(tree) ?? [];
  if (kind === 'paren') return isCondition(fields.this ?? null);
  if (kind === 'function') return text(fields.name).toUpperCase() === 'BQ_CONDITION';
  return conditions.has(kind);
}

/** Both sides of a comparison, once they have been seen to be of one kind. A text that stands in the statement is left as it is. */
export function comparable(left: Tree, right: Tree, template: Template): readonly [left: Tree, right: Tree] {
  if (isNull(left) || isNull(right)) return [left, right];
  const macro = isWritten(left) || isWritten(right) ? 'bq_comparable_text' : 'bq_comparable';
  const seen = (one: Tree, other: Tree) => template(`${macro}(_1, _2)`, one, other);
  return isWritten(left) ? [left, seen(right, left)] : [seen(left, right), right];
}

/** The same of a value and all those that it is compared with. */
export function comparableWithAll(
  value: Tree,
  others: readonly Tree[],
  template: Template,
): readonly [value: Tree, others: Tree[]] {
  let seen = value;
  const kinds = new Set<Tree | undefined>();
  const among = others.map((other) => {
    const [kind, { literal_type } = {} as Fields] = only(other) ?? [];
    if (kind !== 'literal') return isWritten(other) ? other : comparable(other, value, template)[0];
    if (!kinds.has(literal_type)) [seen] = comparable(seen, other, template);
    kinds.add(literal_type);
    return other;
  });
  return [seen, among];
}

/** A text, as a function wants it. */
export function textOnly(tree: Tree, template: Template): Tree {
  return isText(tree) ? tree : template('bq_text(_1)', tree);
}

function isText(tree: Tree): boolean {
  const [kind, fields = {}] = only(tree) ?? [];
  if (kind === 'paren') return isText(fields.this ?? null);
  if (kind === 'literal') return fields.literal_type !== 'number';
  return kind === 'concat' || kind === 'null';
}

/** A text that stands in the statement, or a parameter: it becomes the DATE or TIMESTAMP that it is compared with. */
function isWritten(tree: Tree): boolean {
  const [kind, fields = {}] = only(tree) ?? [];
  if (kind === 'paren') return isWritten(fields.this ?? null);
  return (
    kind === 'parameter' || kind === 'placeholder' || (kind === 'literal' && fields.literal_type !== 'number')
  );
}

function isNull(tree: Tree): boolean {
  return only(tree)?.[0] === 'null';
}
