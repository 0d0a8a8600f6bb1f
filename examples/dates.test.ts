import { describe, expect, it } from 'vitest';
import { addDays, daysBetween, daysOfRest } from './dates.ts';

describe('calendar dates', () => {
  it('are counted over months, years and leap days', () => {
    expect(addDays('2025-12-31', 1)).toBe('2026-01-01');
    expect(addDays('2024-03-01', -1)).toBe('2024-02-29');
    expect(daysBetween('2025-04-30', '2025-05-02')).toBe(2);
    expect(daysBetween('2025-05-02', '2025-04-30')).toBe(-2);
  });

  it('have no day of rest from one to the next, and none known before the first game', () => {
    expect(daysOfRest('2026-01-15', '2026-01-16')).toBe(0);
    expect(daysOfRest('2026-01-13', '2026-01-16')).toBe(2);
    expect(daysOfRest(undefined, '2026-01-16')).toBeNull();
  });
});
