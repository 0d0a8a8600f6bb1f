const day = 86_400_000;

/** A calendar date so many days later, or with a negative number earlier; `YYYY-MM-DD` both. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(date) + days * day).toISOString().slice(0, 10);
}

/** Days from one calendar date to another; negative when the other is earlier. */
export function daysBetween(earlier: string, later: string): number {
  return Math.round((Date.parse(later) - Date.parse(earlier)) / day);
}

/** Days off between two games: 0 from one day to the next; null without a game before. */
export function daysOfRest(earlier: string | undefined | null, later: string): number | null {
  return earlier === undefined || earlier === null ? null : daysBetween(earlier, later) - 1;
}
