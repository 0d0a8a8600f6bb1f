import {
  type DuckDBDecimalValue,
  DuckDBListType,
  DuckDBListValue,
  DuckDBStructType,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { WireCell, WireField, WireValue } from '../../../src/google/bigquery/wire.ts';
import { ServiceError } from '../../../src/errors/index.ts';

/** DuckDB's column as BigQuery's REST API tells it. */
export function wireField(name: string, type: DuckDBType): WireField {
  if (type instanceof DuckDBListType) return { ...wireField(name, type.valueType), mode: 'REPEATED' };
  if (type instanceof DuckDBStructType) {
    const fields = type.entryNames.map((entry, index) =>
      wireField(entry, type.entryTypes[index] as DuckDBType),
    );
    return { name, type: 'RECORD', mode: 'NULLABLE', fields };
  }
  return { name, type: scalarType(String(type)), mode: 'NULLABLE' };
}

export function wireCell(value: DuckDBValue, type: DuckDBType): WireCell {
  return { v: wireValue(value, type) };
}

function wireValue(value: DuckDBValue, type: DuckDBType): WireValue {
  if (type instanceof DuckDBListType)
    return value instanceof DuckDBListValue ? value.items.map((item) => wireCell(item, type.valueType)) : [];
  if (value === null) return null;
  if (value instanceof DuckDBStructValue && type instanceof DuckDBStructType)
    return {
      f: type.entryNames.map((name, index) =>
        wireCell(value.entries[name] as DuckDBValue, type.entryTypes[index] as DuckDBType),
      ),
    };
  if (value instanceof DuckDBTimestampTZValue) return String(value.micros);
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new ServiceError('Floating point error', {
      service: 'bigquery',
      kind: 'permanent',
      code: 'invalidQuery',
    });
  return String(value as Exclude<DuckDBValue, null> | DuckDBDecimalValue);
}

function scalarType(duck: string): string {
  if (/^DECIMAL/.test(duck)) return 'NUMERIC';
  if (/INT$|^INTEGER$|^HUGEINT$/.test(duck)) return 'INTEGER';
  return (
    {
      DOUBLE: 'FLOAT',
      FLOAT: 'FLOAT',
      BOOLEAN: 'BOOLEAN',
      VARCHAR: 'STRING',
      'TIMESTAMP WITH TIME ZONE': 'TIMESTAMP',
      DATE: 'DATE',
    }[duck] ?? 'STRING'
  );
}
