import type { QueryRow, QueryValue, TableColumn } from '../../clients/index.ts';
import { InvalidDataError } from '../../errors/index.ts';

/** A column as the REST API tells it. */
export interface WireField {
  readonly name: string;
  readonly type: string;
  readonly mode?: string | undefined;
  readonly fields?: readonly WireField[] | undefined;
}

/** A value as the REST API gives it: text, or what it is nested of. */
export type WireValue = string | null | { readonly f: readonly WireCell[] } | readonly WireCell[];
export interface WireCell {
  readonly v: WireValue;
}

export interface WireRow {
  readonly f: readonly WireCell[];
}

/** A row as the client promises it. @throws InvalidDataError naming the column of an integer that a number can't hold. */
export function rowOf(fields: readonly WireField[], { f: cells }: WireRow): QueryRow {
  return Object.fromEntries(
    fields.map((field, index) => [field.name, plainOf(field, cells[index]?.v ?? null)]),
  );
}

export function columnOf({ name, type, mode }: WireField): TableColumn {
  return { name, type: standardName(type), repeated: mode === 'REPEATED', nullable: mode !== 'REQUIRED' };
}

function plainOf(field: WireField, value: WireValue): QueryValue {
  if (field.mode !== 'REPEATED') return value === null ? null : scalarOf(field, value);
  // BigQuery gives a list that is NULL as an empty one.
  return ((value ?? []) as readonly WireCell[]).map(({ v }) => (v === null ? null : scalarOf(field, v)));
}

function scalarOf(field: WireField, value: Exclude<WireValue, null>): QueryValue {
  const { name, type } = field;
  const text = value as string;
  switch (standardName(type)) {
    case 'INT64':
      return wholeNumber(name, text);
    case 'FLOAT64':
    case 'NUMERIC':
    case 'BIGNUMERIC':
      return finite(name, text);
    case 'BOOL':
      return text === 'true';
    case 'TIMESTAMP':
      return instant(BigInt(text));
    case 'STRUCT':
      return rowOf(field.fields ?? [], value as WireRow);
    default:
      return text;
  }
}

/** The REST API has names of its own for some types. */
function standardName(type: string): string {
  return names[type] ?? type;
}

const names: Readonly<Record<string, string>> = {
  INTEGER: 'INT64',
  FLOAT: 'FLOAT64',
  BOOLEAN: 'BOOL',
  RECORD: 'STRUCT',
};

function wholeNumber(column: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number)) return number;
  throw new InvalidDataError(`Column "${column}" holds ${text}, more than a number can: CAST it AS STRING`);
}

function finite(column: string, text: string): number {
  const number = Number(text);
  if (Number.isFinite(number)) return number;
  throw new InvalidDataError(`Column "${column}" is ${text}: no finite number`);
}

/** ISO 8601 in UTC: milliseconds, or microseconds where there are any. */
function instant(micros: bigint): string {
  const below = ((micros % 1_000n) + 1_000n) % 1_000n;
  const iso = new Date(Number((micros - below) / 1_000n)).toISOString();
  return below === 0n ? iso : `${iso.slice(0, -1)}${String(below).padStart(3, '0')}Z`;
}
