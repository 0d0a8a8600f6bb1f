import { only, text, type Tree } from './node.ts';
import type { Walk } from './shape.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

/** Makes DuckDB's tree of a call; the arguments are not visited yet. */
export type Call = (args: readonly Tree[], walk: Walk) => Tree;

/** A call by its number of arguments: the form whose highest place is that number. */
export function forms(...templates: readonly string[]): Call {
  const byCount = new Map(templates.map((sql) => [places(sql), sql]));
  return (args, { template, visit }) => {
    const sql = byCount.get(args.length);
    if (sql === undefined) throw new UnsupportedSqlError(`a call with ${args.length} arguments`);
    return template(sql, ...args.map(visit));
  };
}

function places(sql: string): number {
  return Math.max(0, ...Array.from(sql.matchAll(/(?<!\w)_([1-9])(?!\w)/g), ([, place]) => Number(place)));
}

/** The text of a literal. */
export function stringOf(tree: Tree | undefined, otherwise: string): string {
  const [kind, fields = {}] = only(tree) ?? [];
  const isText = fields.literal_type === 'string' || fields.literal_type === 'raw_string';
  if (kind !== 'literal' || !isText) throw new UnsupportedSqlError(otherwise);
  return text(fields.value);
}
