import type { Tree } from './node.ts';
import type { Walk } from './shape.ts';

// BigQuery makes a DATE or TIMESTAMP of a text only where the text stands in the statement; a macro refuses what DuckDB would
// convert beyond that.

/** An argument that must be a DATE, visited. */
export function day(tree: Tree | undefined, { template, visit }: Walk): Tree {
  return template('bq_day(_1)', visit(tree));
}

/** An argument that must be a TIMESTAMP, visited. */
export function instant(tree: Tree | undefined, { template, visit }: Walk): Tree {
  return template('bq_instant_only(_1)', visit(tree));
}

/** How many steps: a whole number, visited. */
export function count(tree: Tree | undefined, { template, visit }: Walk): Tree {
  return template('bq_whole(_1)', visit(tree));
}
