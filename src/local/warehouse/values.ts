import type {
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBValue,
} from '@duckdb/node-api';
import type { QueryValue } from '../../clients/index.ts';
import { InvalidDataError } from '../../errors/index.ts';

/** The constructors that tell DuckDB's values apart; the package is loaded with the warehouse, not with this file. */
export type ValueClasses = {
  readonly DuckDBDateValue: typeof DuckDBDateValue;
  readonly DuckDBDecimalValue: typeof DuckDBDecimalValue;
  readonly DuckDBListValue: typeof DuckDBListValue;
  readonly DuckDBStructValue: typeof DuckDBStructValue;
  readonly DuckDBTimestampTZValue: typeof DuckDBTimestampTZValue;
  readonly DuckDBTimestampValue: typeof DuckDBTimestampValue;
};

/**
 * A value as the client promises it: numbers, texts, ISO dates and instants, lists and objects.
 *
 * @throws InvalidDataError for an integer that a number can't hold, and for types that BigQuery does not have.
 */
export function plainValue(classes: ValueClasses, column: string, value: DuckDBValue): QueryValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
    return value;
  if (typeof value === 'bigint') return wholeNumber(column, value);
  if (value instanceof classes.DuckDBDateValue) return value.toString();
  if (value instanceof classes.DuckDBDecimalValue) return value.toDouble();
  if (value instanceof classes.DuckDBTimestampTZValue || value instanceof classes.DuckDBTimestampValue) {
    return instant(value.micros);
  }
  if (value instanceof classes.DuckDBListValue)
    return value.items.map((item) => plainValue(classes, column, item));
  if (value instanceof classes.DuckDBStructValue) {
    return Object.fromEntries(
      Object.entries(value.entries).map(([field, inner]) => [
        field,
        plainValue(classes, `${column}.${field}`, inner),
      ]),
    );
  }
  throw new InvalidDataError(`Column "${column}" is of a type that BigQuery does not have`);
}

function wholeNumber(column: string, value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new InvalidDataError(`Column "${column}" holds ${value}, more than a number can: CAST it AS STRING`);
}

/** ISO 8601 in UTC: milliseconds, or microseconds where there are any. */
function instant(micros: bigint): string {
  const milliseconds = micros / 1_000n;
  const rest = micros % 1_000n;
  const iso = new Date(Number(rest < 0n ? milliseconds - 1n : milliseconds)).toISOString();
  const below = rest < 0n ? rest + 1_000n : rest;
  return below === 0n ? iso : `${iso.slice(0, -1)}${String(below).padStart(3, '0')}Z`;
}
