import type { ScalarType } from '../../../clients/index.ts';
import { type Fields, isFields, text } from './node.ts';
import { UnsupportedSqlError } from './unsupported-sql-error.ts';

/** DuckDB's type for each of BigQuery's. A TIMESTAMP is an instant; every connection shows it in UTC. */
export const duckTypes: Readonly<Record<ScalarType, string>> = {
  STRING: 'VARCHAR',
  INT64: 'BIGINT',
  FLOAT64: 'DOUBLE',
  NUMERIC: 'DECIMAL(38, 9)',
  BOOL: 'BOOLEAN',
  DATE: 'DATE',
  TIMESTAMP: 'TIMESTAMPTZ',
};

const known: Readonly<Record<string, ScalarType>> = {
  string: 'STRING',
  INT64: 'INT64',
  int: 'INT64',
  FLOAT64: 'FLOAT64',
  decimal: 'NUMERIC',
  boolean: 'BOOL',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
};

/** BigQuery's name of a type in the tree; of a list, the type of its items. */
export function typeName(type: Fields): { readonly name: ScalarType; readonly list: boolean } {
  if (type.data_type === 'array' && isFields(type.element_type)) {
    const { name, list } = typeName(type.element_type);
    if (list) throw new UnsupportedSqlError('a list of lists', 'a list of structs');
    return { name, list: true };
  }
  const kind = type.data_type === 'custom' ? text(type.name).toUpperCase() : text(type.data_type);
  const name = known[kind];
  if (name === undefined || type.timezone === true) {
    const instead = kind === 'DATETIME' ? 'TIMESTAMP' : undefined;
    throw new UnsupportedSqlError(`type ${kind.toUpperCase()}`, instead);
  }
  if (type.length !== undefined && type.length !== null)
    throw new UnsupportedSqlError(`a length of type ${name}`, name);
  return { name, list: false };
}

/** The type of a column, for `CREATE TABLE`. */
export function columnType(type: Fields): string {
  const { name, list } = typeName(type);
  const element = list && isFields(type.element_type) ? type.element_type : type;
  const sized =
    name === 'NUMERIC' && typeof element.precision === 'number'
      ? `DECIMAL(${element.precision}, ${element.scale ?? 0})`
      : duckTypes[name];
  return list ? `${sized}[]` : sized;
}
