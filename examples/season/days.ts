// Days are `YYYY-MM-DD` in America/New_York, as leagues count them; instants are milliseconds since the Unix epoch.

import { addDays } from '../dates.ts';

export { addDays, daysBetween } from '../dates.ts';

export function isDay(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** 0 is Sunday. */
export function weekday(date: string): number {
  return new Date(date).getUTCDay();
}

/** The instant at which clocks in New York show this minute of this day. */
export function eastern(date: string, minutes: number): number {
  const hours = isSummerTime(date) ? 4 : 5;
  return Date.parse(date) + (minutes + hours * 60) * 60_000;
}

/** Minutes since midnight that clocks in New York show at the instant, a day's or, after midnight, of the day before. */
export function easternMinutes(date: string, instant: number): number {
  return Math.round((instant - eastern(date, 0)) / 60_000);
}

/** As the tables write an instant: `2026-01-16T03:40:00Z`. */
export function timestamp(instant: number): string {
  return `${new Date(instant).toISOString().slice(0, 19)}Z`;
}

// From the second Sunday of March to the first of November. Nothing here happens in the hour of the change.
function isSummerTime(date: string): boolean {
  const year = date.slice(0, 4);
  return date >= sunday(`${year}-03-08`) && date < sunday(`${year}-11-01`);
}

function sunday(onOrAfter: string): string {
  return addDays(onOrAfter, (7 - weekday(onOrAfter)) % 7);
}
