import { describe, expect, it } from 'vitest';
import { countDays, dateRange, daysOf } from './date-range.ts';

describe('date ranges', () => {
  it('takes one day and many', () => {
    expect(daysOf({ startDate: '2025-03-15', endDate: '2025-03-15' })).toEqual(['2025-03-15']);
    expect(daysOf({ startDate: '2024-02-28', endDate: '2024-03-01' })).toEqual([
      '2024-02-28',
      '2024-02-29',
      '2024-03-01',
    ]);
  });

  it('counts days over the change to summer time', () => {
    expect(countDays({ startDate: '2025-03-08', endDate: '2025-03-10' })).toBe(3);
  });

  it.each([
    ['a day that does not exist', { startDate: '2025-02-29', endDate: '2025-03-01' }, 'startDate'],
    ['an end before the start', { startDate: '2025-03-15', endDate: '2025-03-14' }, 'endDate'],
    ['another field', { startDate: '2025-03-15', endDate: '2025-03-15', force: true }, undefined],
    ['a date with a time', { startDate: '2025-03-15T00:00:00Z', endDate: '2025-03-15' }, 'startDate'],
  ])('refuses %s', (_what, options, field) => {
    const parsed = dateRange.safeParse(options);
    expect(parsed.success).toBe(false);
    expect(parsed.error?.issues[0]?.path[0]).toBe(field);
  });
});
