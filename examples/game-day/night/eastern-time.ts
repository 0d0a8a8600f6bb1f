const hours = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'America/New_York',
  hour: '2-digit',
  minute: '2-digit',
});
const days = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/New_York',
  weekday: 'long',
  month: 'long',
  day: 'numeric',
  year: 'numeric',
});

/** What clocks in New York show, `23:05`: the leagues' own time. */
export function easternTime(instant: number): string {
  return hours.format(instant);
}

/** Such as `Friday, April 3, 2026`. */
export function easternDay(instant: number): string {
  return days.format(instant);
}
