import { tableParts } from './clauses.ts';
import { type Fields, isEmpty, nameOf, only, spoken, type Tree } from './node.ts';
import { columnType } from './types.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

/** Statements that define what there is. */
export const definitionKinds: ReadonlySet<string> = new Set([
  'create_table',
  'create_schema',
  'create_view',
  'drop_table',
  'drop_view',
  'truncate',
]);

export interface Definition {
  readonly sql: string;
  /** The dataset, which must be there before. */
  readonly dataset?: string | undefined;
}

/** A definition for DuckDB. What says how rows lie or describes them changes no value, and is left out. */
export function definition(kind: string, fields: Fields, select: (query: Tree) => string): Definition {
  switch (kind) {
    case 'create_table':
      return createTable(fields, select);
    case 'create_view':
      return createView(fields, select);
    case 'create_schema':
      return createSchema(fields);
    case 'truncate':
      allow('TRUNCATE', fields, ['target', 'table']);
      return { sql: `TRUNCATE ${tableName(fields.table as Fields)[0]}` };
    default:
      return drop(kind, fields);
  }
}

function createTable(fields: Fields, select: (query: Tree) => string): Definition {
  allow('CREATE TABLE', fields, [
    'name',
    'columns',
    'if_not_exists',
    'or_replace',
    'properties',
    'constraints',
    'as_select',
  ]);
  for (const property of (fields.properties ?? []) as Tree[]) {
    const [kind = '?'] = only(property) ?? [];
    if (!properties.has(kind)) throw new UnsupportedSqlError(`${spoken(kind)} in CREATE TABLE`);
  }
  if (!isEmpty(fields.constraints)) throw new UnsupportedSqlError('a constraint of a table');
  const [name, dataset] = tableName(fields.name as Fields);
  const columns = ((fields.columns ?? []) as Fields[]).map(column);
  if (!isEmpty(fields.as_select) && columns.length > 0)
    throw new UnsupportedSqlError('CREATE TABLE with columns and AS SELECT', 'one of them');
  const content = isEmpty(fields.as_select)
    ? `(${columns.join(', ')})`
    : `AS ${select(fields.as_select as Tree)}`;
  return { sql: `CREATE ${replacing(fields)}TABLE ${unless(fields)}${name} ${content}`, dataset };
}

const properties: ReadonlySet<string> = new Set([
  'partition_by_property',
  'cluster_by_columns_property',
  'options_property',
]);

function column({ name, data_type, constraint_order }: Fields): string {
  const constraints = (constraint_order ?? []) as Tree[];
  const strange = constraints.find((constraint) => constraint !== 'NotNull' && constraint !== 'Options');
  if (strange !== undefined)
    throw new UnsupportedSqlError(`a column's constraint ${String(strange).toUpperCase()}`);
  const required = constraints.includes('NotNull') ? ' NOT NULL' : '';
  return `${quoted(nameOf(name))} ${columnType(data_type as Fields)}${required}`;
}

function createView(fields: Fields, select: (query: Tree) => string): Definition {
  allow('CREATE VIEW', fields, ['name', 'query', 'if_not_exists', 'or_replace', 'options']);
  const [name, dataset] = tableName(fields.name as Fields);
  return {
    sql: `CREATE ${replacing(fields)}VIEW ${unless(fields)}${name} AS ${select(fields.query as Tree)}`,
    dataset,
  };
}

function createSchema(fields: Fields): Definition {
  allow('CREATE SCHEMA', fields, ['name', 'if_not_exists', 'properties', 'options']);
  const name = nameOf((fields.name as Tree[]).at(-1))
    .split('.')
    .at(-1) as string;
  return { sql: `CREATE SCHEMA ${unless(fields)}${quoted(name)}` };
}

function drop(kind: string, fields: Fields): Definition {
  const verb = spoken(kind);
  allow(verb, fields, ['names', 'name', 'if_exists']);
  const names = (fields.names ?? [fields.name ?? null]) as Fields[];
  if (names.length !== 1) throw new UnsupportedSqlError(`${verb} of ${names.length}`, 'one each');
  return {
    sql: `${verb} ${fields.if_exists === true ? 'IF EXISTS ' : ''}${tableName(names[0] as Fields)[0]}`,
  };
}

function allow(what: string, fields: Fields, known: readonly string[]): void {
  const strange = Object.entries(fields).find(
    ([field, value]) =>
      !known.includes(field) && field !== 'span' && !field.endsWith('_comments') && !isEmpty(value),
  );
  if (strange !== undefined) throw new UnsupportedSqlError(`${spoken(strange[0])} in ${what}`);
}

function tableName(table: Fields): readonly [name: string, dataset: string] {
  const [dataset, name] = tableParts(table);
  if (dataset === undefined)
    throw new UnsupportedSqlError(`table ${name} without its dataset`, `dataset.${name}`);
  return [`${quoted(dataset)}.${quoted(name)}`, dataset];
}

function replacing(fields: Fields): string {
  return fields.or_replace === true ? 'OR REPLACE ' : '';
}

function unless(fields: Fields): string {
  return fields.if_not_exists === true ? 'IF NOT EXISTS ' : '';
}

/** An identifier in quotes. */
export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
