import type {
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListType,
  DuckDBListValue,
  DuckDBStructType,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBType,
  DuckDBValue,
} from '@duckdb/node-api';
import type { QueryValue } from '../../clients/index.ts';
import { InvalidDataError } from '../../errors/index.ts';

/** The constructors that tell DuckDB's values and types apart; the package is loaded with the warehouse, not with this file. */
export type ValueClasses = {
  readonly DuckDBDateValue: typeof DuckDBDateValue;
  readonly DuckDBDecimalValue: typeof DuckDBDecimalValue;
  readonly DuckDBListType: typeof DuckDBListType;
  readonly DuckDBListValue: typeof DuckDBListValue;
  readonly DuckDBStructType: typeof DuckDBStructType;
  readonly DuckDBStructValue: typeof DuckDBStructValue;
  readonly DuckDBTimestampTZValue: typeof DuckDBTimestampTZValue;
};

/**
 * A value as the client promises it: numbers, texts, ISO dates and instants, lists and objects.
 *
 * @throws InvalidDataError for an integer that a number can't hold, and for what BigQuery would not have given.
 */
export function plainValue(
  classes: ValueClasses,
  column: string,
  value: DuckDBValue,
  type: DuckDBType,
): QueryValue {
  // BigQuery gives a list that is NULL as an empty one.
  if (value === null) return type instanceof classes.DuckDBListType ? [] : null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return finite(column, value);
  if (typeof value === 'bigint') return wholeNumber(column, value);
  if (value instanceof classes.DuckDBDateValue) return day(column, value.toString());
  if (value instanceof classes.DuckDBDecimalValue) return value.toDouble();
  if (value instanceof classes.DuckDBTimestampTZValue) return instant(column, value.micros);
  if (value instanceof classes.DuckDBListValue && type instanceof classes.DuckDBListType)
    return value.items.map((item) => {
      if (item === null) throw new InvalidDataError(`Column "${column}" is a list that holds a NULL`);
      return plainValue(classes, column, item, type.valueType);
    });
  if (value instanceof classes.DuckDBStructValue && type instanceof classes.DuckDBStructType) {
    return Object.fromEntries(
      Object.entries(value.entries).map(([field, inner]) => [
        field,
        plainValue(classes, `${column}.${field}`, inner, type.typeForEntry(field)),
      ]),
    );
  }
  throw new InvalidDataError(`Column "${column}" is a ${type}, which BigQuery does not have`);
}

/** BigQuery's arithmetic gives an error where IEEE's gives infinity. */
function finite(column: string, value: number): number {
  if (Number.isFinite(value)) return value;
  throw new InvalidDataError(`Column "${column}" is ${value}: a floating point error`);
}

/** BigQuery's days and instants are those of the years 1 to 9999. */
function day(column: string, text: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && !text.startsWith('0000')) return text;
  throw new InvalidDataError(`Column "${column}" is the day ${text}, out of the years 1 to 9999`);
}

function wholeNumber(column: string, value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new InvalidDataError(`Column "${column}" holds ${value}, more than a number can: CAST it AS STRING`);
}

const firstInstant = BigInt(Date.parse('0001-01-01T00:00:00Z')) * 1_000n;
const lastInstant = BigInt(Date.parse('9999-12-31T23:59:59.999Z')) * 1_000n + 999n;

/** ISO 8601 in UTC: milliseconds, or microseconds where there are any. */
function instant(column: string, micros: bigint): string {
  if (micros < firstInstant || micros > lastInstant)
    throw new InvalidDataError(`Column "${column}" is an instant out of the years 1 to 9999`);
  const below = ((micros % 1_000n) + 1_000n) % 1_000n;
  const iso = new Date(Number((micros - below) / 1_000n)).toISOString();
  return below === 0n ? iso : `${iso.slice(0, -1)}${String(below).padStart(3, '0')}Z`;
}
