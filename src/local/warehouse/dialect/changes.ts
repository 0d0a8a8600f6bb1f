import { tableParts } from './clauses.ts';
import { type Fields, isEmpty, named, nameOf, type Tree } from './node.ts';
import type { Roles, Shapes } from './shape.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

const where: Roles = { this: 'condition' };

/** Statements that change rows. */
export const changes: Shapes = {
  delete: {
    fields: { table: 'keep', where_clause: { fields: where } },
    rewrite: (fields) => ({ delete: checked('DELETE', fields) }),
  },
  update: {
    fields: { table: 'keep', set: 'keep', where_clause: { fields: where } },
    rewrite: (fields, { visit }) => ({
      update: {
        ...checked('UPDATE', fields),
        set: (fields.set as Tree[][]).map(([column, value]) => [assigned(column), visit(value)]),
      },
    }),
  },
  insert: {
    fields: { table: 'keep', columns: 'names', values: 'pairs', query: 'node' },
    rewrite: (fields) => {
      if (isEmpty(fields.columns))
        throw new UnsupportedSqlError('INSERT without its columns', 'INSERT INTO table (…)');
      return { insert: { ...fields, table: target(fields.table as Fields) } };
    },
  },
};

function assigned(column: Tree | undefined): Tree {
  const name = nameOf(column);
  if (name.includes('.')) throw new UnsupportedSqlError(`SET ${name}`, 'the column alone');
  return named(name);
}

/** BigQuery takes neither without a WHERE. */
function checked(verb: string, fields: Fields): Fields {
  if (isEmpty(fields.where_clause)) throw new UnsupportedSqlError(`${verb} without WHERE`, 'WHERE TRUE');
  return { ...fields, table: target(fields.table as Fields) };
}

function target(table: Fields): Fields {
  const [dataset, name] = tableParts(table);
  if (dataset === undefined)
    throw new UnsupportedSqlError(`table ${name} without its dataset`, `dataset.${name}`);
  return { ...table, name: named(name), schema: named(dataset), catalog: null };
}
