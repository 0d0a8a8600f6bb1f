import { duckTypes, typeName } from './constructs.ts';
import { type Fields, isEmpty, isFields, only, text, type Tree } from './node.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

/** Statements that define what there is. */
export const ddlKinds: ReadonlySet<string> = new Set([
  'create_table',
  'create_schema',
  'create_view',
  'drop_table',
]);

// Where rows lie and what is said of a table changes no value.
const properties = new Set(['partition_by_property', 'cluster_by_columns_property', 'options_property']);

/** `CREATE TABLE` for DuckDB: columns with their types, NOT NULL kept, partitions and clusters left to BigQuery. */
export function createTable(fields: Fields): string {
  const known = new Set([
    'name',
    'columns',
    'if_not_exists',
    'or_replace',
    'properties',
    'constraints',
    'span',
  ]);
  const strange = Object.entries(fields).find(
    ([field, value]) => !known.has(field) && !isEmpty(value) && !field.endsWith('_comments'),
  );
  if (strange !== undefined)
    throw new UnsupportedSqlError(`${strange[0].replaceAll('_', ' ').toUpperCase()} in CREATE TABLE`);
  for (const property of (fields.properties ?? []) as Tree[]) {
    const [kind = '?'] = only(property) ?? [];
    if (!properties.has(kind))
      throw new UnsupportedSqlError(`${kind.replaceAll('_', ' ').toUpperCase()} in CREATE TABLE`);
  }
  const columns = ((fields.columns ?? []) as Fields[]).map(column);
  const verb = `CREATE ${fields.or_replace === true ? 'OR REPLACE ' : ''}TABLE ${fields.if_not_exists === true ? 'IF NOT EXISTS ' : ''}`;
  return `${verb}${tableOf(fields.name as Fields)} (${columns.join(', ')})`;
}

function column({ name, data_type, constraint_order }: Fields): string {
  const constraints = (constraint_order ?? []) as string[];
  const strange = constraints.find((constraint) => constraint !== 'NotNull' && constraint !== 'Options');
  if (strange !== undefined) throw new UnsupportedSqlError(`constraint ${strange}`);
  return `${quoted(text((name as Fields).name))} ${columnType(data_type as Fields)}${constraints.includes('NotNull') ? ' NOT NULL' : ''}`;
}

function columnType(type: Fields): string {
  if (type.data_type === 'array') return `${columnType(type.element_type as Fields)}[]`;
  const name = typeName(type);
  if (name === 'NUMERIC' && typeof type.precision === 'number')
    return `DECIMAL(${type.precision}, ${type.scale ?? 0})`;
  return duckTypes[name];
}

function tableOf(table: Fields): string {
  const name = text((table.name as Fields).name);
  const parts = isFields(table.schema) ? [text(table.schema.name), name] : name.split('.').slice(-2);
  return parts.map(quoted).join('.');
}

function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
