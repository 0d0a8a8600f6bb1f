import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidDataError } from '../errors/index.ts';
import { dataHash } from './data-hash.ts';

const value = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const row = fc.dictionary(fc.stringMatching(/^own_[a-z0-9]{1,8}$/), value, { minKeys: 1 });
const making = fc.record({
  data_hash: value,
  processed_at: value,
  source_nbac_schedule_rows_found: value,
  source_nbac_schedule_last_updated: value,
  quality_tier: value,
  quality_score: value,
  is_production_ready: value,
});

describe('data hash', () => {
  it('is the first sixteen digits of the SHA-256 of the own columns as JSON with sorted keys', () => {
    const text = '{"game_date":"2025-03-15","points":97,"team_abbr":"GSW","ts_pct":null}';
    const expected = createHash('sha256').update(text).digest('hex').slice(0, 16);
    expect(dataHash({ team_abbr: 'GSW', points: 97, ts_pct: null, game_date: '2025-03-15' })).toBe(expected);
  });

  it('does not depend on the order of the columns', () => {
    fc.assert(
      fc.property(row, (row) => {
        expect(dataHash(Object.fromEntries(Object.entries(row).reverse()))).toBe(dataHash(row));
      }),
    );
  });

  it('does not depend on when, from which sources and how well the row was made', () => {
    fc.assert(
      fc.property(row, making, (row, making) => {
        expect(dataHash({ ...row, ...making })).toBe(dataHash(row));
      }),
    );
  });

  it('changes with any own column, in value, type or name', () => {
    fc.assert(
      fc.property(row, fc.nat(), value, (row, index, other) => {
        const columns = Object.keys(row);
        const column = columns[index % columns.length]!;
        fc.pre(JSON.stringify(row[column]) !== JSON.stringify(other));
        expect(dataHash({ ...row, [column]: other })).not.toBe(dataHash(row));
        expect(dataHash({ ...row, own_another_column: null })).not.toBe(dataHash(row));
      }),
    );
    expect(dataHash({ a: 1 })).not.toBe(dataHash({ a: '1' }));
  });

  it('leaves in a column that only looks like one about the making', () => {
    expect(dataHash({ a: 1, sources: 2 })).not.toBe(dataHash({ a: 1, sources: 3 }));
  });

  it.each([undefined, Number.NaN, Number.NEGATIVE_INFINITY])('refuses %s, naming the column', (value) => {
    expect(() => dataHash({ team_abbr: 'GSW', pace: value })).toThrow(InvalidDataError);
    expect(() => dataHash({ team_abbr: 'GSW', pace: value })).toThrow('pace');
  });
});
