import { z } from 'zod';

/** A day, `YYYY-MM-DD`, that exists in the calendar. */
export const calendarDate = z.iso.date();

/** The days an analytics processor works on, both ends included. */
export const dateRange = z.strictObject({ startDate: calendarDate, endDate: calendarDate }).refine(inOrder, {
  path: ['endDate'],
  error: 'a date on or after startDate',
});

/** The days an analytics processor works on, `YYYY-MM-DD`, both ends included. */
export type DateRange = Readonly<z.infer<typeof dateRange>>;

/** The day a precompute processor works on. */
export const analysisDate = z.strictObject({ analysisDate: calendarDate });

/** The day a precompute processor works on, `YYYY-MM-DD`. */
export type AnalysisDate = Readonly<z.infer<typeof analysisDate>>;

/** The most days one call may ask for: about three seasons. */
export const longestRange = 1_000;

/** How many days the range has. */
export function countDays(range: DateRange): number {
  return Math.round((Date.parse(range.endDate) - Date.parse(range.startDate)) / day) + 1;
}

/** Every day of the range, in order. */
export function daysOf(range: DateRange): readonly [string, ...string[]] {
  const following = Array.from({ length: countDays(range) - 1 }, (_, index) =>
    new Date(Date.parse(range.startDate) + (index + 1) * day).toISOString().slice(0, 10),
  );
  return [range.startDate, ...following];
}

const day = 86_400_000;

function inOrder(range: { readonly startDate: string; readonly endDate: string }): boolean {
  return range.startDate <= range.endDate;
}
