// The parsed tree is JSON: a node is an object with its kind as its only key, all else are plain objects with fields.

/** A piece of the parsed tree. */
export type Tree = null | boolean | number | string | Tree[] | { [key: string]: Tree };
export type Fields = { [key: string]: Tree };

/** The only key of a node and what stands under it; undefined for what is no node. */
export function only(tree: Tree | undefined): readonly [kind: string, fields: Fields] | undefined {
  if (!isFields(tree)) return undefined;
  const [kind, ...others] = Object.keys(tree);
  if (kind === undefined || others.length > 0) return undefined;
  const fields = tree[kind] as Tree;
  if (fields === null) return [kind, {}];
  return isFields(fields) ? [kind, fields] : undefined;
}

export function isFields(tree: Tree | undefined): tree is Fields {
  return typeof tree === 'object' && tree !== null && !Array.isArray(tree);
}

/** Whether a field says anything: false, null and the empty list are how the parser says nothing. */
export function isEmpty(tree: Tree | undefined): boolean {
  return tree === undefined || tree === null || tree === false || (Array.isArray(tree) && tree.length === 0);
}

export function text(tree: Tree | undefined): string {
  if (typeof tree === 'string') return tree;
  throw new TypeError(`expected a text in the parsed tree, received ${typeof tree}`);
}

/** The text of an identifier. */
export function nameOf(tree: Tree | undefined): string {
  return text(isFields(tree) ? tree.name : undefined);
}

/** An identifier that DuckDB reads as one, whatever words it reserves; its case does not matter in quotes either. */
export function named(name: string): Fields {
  return { name, quoted: true, trailing_comments: [] };
}

/** A field or a kind as a person would call it. */
export function spoken(name: string): string {
  return name.replaceAll('_', ' ').toUpperCase();
}
