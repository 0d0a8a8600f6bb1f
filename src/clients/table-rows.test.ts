import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidDataError } from '../errors/index.ts';
import { rowFor, type TableColumn } from './table-rows.ts';

const columns: readonly TableColumn[] = [
  { name: 'id', type: 'STRING', repeated: false, nullable: false },
  { name: 'n', type: 'INT64', repeated: false, nullable: true },
  { name: 'share', type: 'FLOAT64', repeated: false, nullable: true },
  { name: 'line', type: 'NUMERIC', repeated: false, nullable: true },
  { name: 'won', type: 'BOOL', repeated: false, nullable: true },
  { name: 'day', type: 'DATE', repeated: false, nullable: true },
  { name: 'at', type: 'TIMESTAMP', repeated: false, nullable: true },
  { name: 'tags', type: 'STRING', repeated: true, nullable: true },
  { name: 'counts', type: 'INT64', repeated: true, nullable: true },
];
const taken = (field: string, value: unknown) =>
  rowFor(columns, { id: '1', [field]: value }, 'line 1')[field];
const refusal = (row: unknown) => {
  try {
    return rowFor(columns, row, 'night.ndjson line 17');
  } catch (error) {
    return error;
  }
};

describe('a row for a table', () => {
  it('has the table’s own columns in their order, and null where none was given', () => {
    expect(Object.entries(rowFor(columns, { n: 1, id: 'a' }, 'x'))).toEqual([
      ['id', 'a'],
      ['n', 1],
      ['share', null],
      ['line', null],
      ['won', null],
      ['day', null],
      ['at', null],
      ['tags', null],
      ['counts', null],
    ]);
  });

  const values: [field: string, given: unknown, value: unknown][] = [
    ['n', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    // All 64 bits, as texts.
    ['n', '9223372036854775807', '9223372036854775807'],
    ['n', '-9223372036854775808', '-9223372036854775808'],
    ['share', 0.1, 0.1],
    ['share', '1e-7', '1e-7'],
    ['line', '123.456789012', '123.456789012'],
    ['line', -5, -5],
    ['won', false, false],
    ['day', '2024-02-29', '2024-02-29'],
    ['at', '2025-03-15T23:30:00Z', '2025-03-15T23:30:00Z'],
    ['at', '2025-03-15 23:30:00 UTC', '2025-03-15T23:30:00Z'],
    ['at', '2025-03-15 23:30:00', '2025-03-15T23:30:00Z'],
    ['at', '2025-03-15T23:30', '2025-03-15T23:30Z'],
    ['at', '2025-03-15T19:30:00-04', '2025-03-15T19:30:00-04:00'],
    ['at', '2025-03-15T19:30:00-0400', '2025-03-15T19:30:00-04:00'],
    ['at', '2025-03-15T19:30:00.123456-04:00', '2025-03-15T19:30:00.123456-04:00'],
    ['at', new Date('2025-03-15T23:30:00Z'), '2025-03-15T23:30:00.000Z'],
    ['tags', [], []],
    ['tags', ['a', 'b'], ['a', 'b']],
    ['counts', [1, '2'], [1, '2']],
  ];
  it.each(values)('takes for %s %o', (field, given, value) => {
    expect(taken(field, given)).toEqual(value);
  });

  const wrong: [field: string, given: unknown, expected: string][] = [
    ['n', 2 ** 53, 'INT64'],
    ['n', '9223372036854775808', 'INT64'],
    ['n', '-9223372036854775809', 'INT64'],
    ['n', '1.0', 'INT64'],
    ['n', '', 'INT64'],
    ['n', ' 1', 'INT64'],
    ['share', Infinity, 'FLOAT64'],
    ['share', 'NaN', 'FLOAT64'],
    ['line', '1,5', 'NUMERIC'],
    ['won', 'true', 'BOOL'],
    ['day', '2025-02-29', 'DATE'],
    ['day', '2025-3-5', 'DATE'],
    ['day', '2025-03-05T00:00:00Z', 'DATE'],
    ['day', new Date(0), 'DATE'],
    ['at', '2025-02-29T00:00:00Z', 'TIMESTAMP'],
    ['at', '2025-03-15T24:00:00Z', 'TIMESTAMP'],
    ['at', '2025-03-15T00:60:00Z', 'TIMESTAMP'],
    ['at', '2025-03-15T00:00:00.1234567Z', 'TIMESTAMP'],
    ['at', '2025-03-15T00:00:00+25:00', 'TIMESTAMP'],
    ['at', '2025-03-15', 'TIMESTAMP'],
    ['at', 1_742_000_000, 'TIMESTAMP'],
    ['at', new Date(Number.NaN), 'TIMESTAMP'],
    ['tags', 'a', 'a list'],
    ['tags', [null], 'STRING'],
    ['counts', ['a'], 'INT64'],
    ['id', 7, 'STRING'],
  ];
  it.each(wrong)('refuses for %s %o, and says what it wants', (field, given, expected) => {
    const error = refusal({ id: '1', [field]: given });
    expect(error).toBeInstanceOf(InvalidDataError);
    expect((error as Error).message).toMatch(
      new RegExp(`^night\\.ndjson line 17: field "${field}": expected ${expected}, received .`),
    );
  });

  it('names a field that is no column, and those that are', () => {
    expect(refusal({ id: '1', poinst: 3 })).toMatchObject({
      message:
        'night.ndjson line 17: field "poinst" is no column; there are id, n, share, line, won, day, at, tags, counts',
    });
  });

  it('wants a value where the column must have one', () => {
    for (const row of [{}, { id: null }, { id: undefined }])
      expect(refusal(row)).toMatchObject({
        message: 'night.ndjson line 17: field "id": expected a value, received none',
      });
  });

  it.each([[[]], ['x'], [1], [null], [undefined]])('is an object, not %o', (row) => {
    expect(refusal(row)).toMatchObject({ message: expect.stringContaining('line 17: expected an object') });
  });

  it('shows no more than the beginning of a long value', () => {
    const { message } = refusal({ id: '1', n: 'x'.repeat(5_000) }) as Error;
    expect(message.length).toBeLessThan(150);
  });

  it('keeps every instant that JavaScript can write', () => {
    const date = fc.date({ min: new Date('0001-01-02'), max: new Date('9999-12-30'), noInvalidDate: true });
    fc.assert(
      fc.property(date, fc.integer({ min: -839, max: 839 }), (instant, minutes) => {
        const zone = `${minutes < 0 ? '-' : '+'}${two(Math.trunc(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
        const local = new Date(instant.getTime() + minutes * 60_000).toISOString().slice(0, -1);
        expect(Date.parse(String(taken('at', `${local}${zone}`)))).toBe(instant.getTime());
      }),
    );
  });
});

function two(number: number): string {
  return String(number).padStart(2, '0');
}
