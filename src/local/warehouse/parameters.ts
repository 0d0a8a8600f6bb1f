import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';
import type { ParameterType, QueryParameter } from '../../clients/index.ts';
import { ConfigurationError } from '../../errors/index.ts';

/** Parameters as DuckDB takes them. */
export interface Bound {
  readonly values: Record<string, DuckDBValue>;
  readonly types: Record<string, DuckDBType>;
}

type DuckDb = Pick<
  typeof import('@duckdb/node-api'),
  'VARCHAR' | 'BIGINT' | 'DOUBLE' | 'BOOLEAN' | 'LIST' | 'listValue'
>;

/**
 * The values of the parameters that a statement uses, each with the type that it tells of itself: a whole number is an INT64,
 * as in BigQuery's own client. A declared type is cast to in the statement.
 *
 * @throws ConfigurationError for one that is used and not given, is no parameter, or tells no type where none is declared.
 */
export function boundParameters(
  duckdb: DuckDb,
  used: ReadonlySet<string>,
  given: Readonly<Record<string, QueryParameter>>,
  declared: Readonly<Record<string, ParameterType>>,
): Bound {
  const bound: Bound = { values: {}, types: {} };
  for (const name of used) {
    const value = given[name];
    if (value === undefined)
      throw new ConfigurationError(`params.${name}`, 'given: the query uses it', undefined);
    if (tellsNoType(value) && declared[name] === undefined)
      throw new ConfigurationError(`types.${name}`, 'given: null or an empty list tells none', undefined);
    const { value: duckValue, type } = Array.isArray(value)
      ? list(duckdb, name, value)
      : scalar(duckdb, name, value);
    bound.values[name] = duckValue;
    bound.types[name] = type;
  }
  return bound;
}

function tellsNoType(value: QueryParameter): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

interface Typed {
  readonly value: DuckDBValue;
  readonly type: DuckDBType;
}

function scalar(duckdb: DuckDb, name: string, value: unknown): Typed {
  if (typeof value === 'boolean') return { value, type: duckdb.BOOLEAN };
  if (typeof value === 'string' || value === null) return { value, type: duckdb.VARCHAR };
  if (typeof value === 'number' && Number.isFinite(value))
    return Number.isSafeInteger(value)
      ? { value: BigInt(value), type: duckdb.BIGINT }
      : { value, type: duckdb.DOUBLE };
  throw new ConfigurationError(
    `params.${name}`,
    'a text, a finite number, a boolean, null, or a list of texts or of numbers',
    value,
  );
}

function list(duckdb: DuckDb, name: string, values: readonly unknown[]): Typed {
  const items = values.map((value) => scalar(duckdb, name, value));
  const kinds = new Set(values.map((value) => typeof value));
  if (kinds.size > 1 || values.includes(null))
    throw new ConfigurationError(`params.${name}`, 'a list of texts, or of numbers', values);
  const fractional = items.some(({ type }) => type === duckdb.DOUBLE);
  return {
    value: duckdb.listValue(fractional ? (values as number[]) : items.map(({ value }) => value)),
    type: duckdb.LIST(fractional ? duckdb.DOUBLE : (items[0]?.type ?? duckdb.VARCHAR)),
  };
}
