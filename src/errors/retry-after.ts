/**
 * Milliseconds that a `Retry-After` header asks to wait: a number of seconds, or an HTTP date (RFC 9110, 10.2.3).
 *
 * @param wallNow Wall-clock milliseconds now; without it a date can't be told.
 * @returns undefined for what is neither, or is no finite time.
 */
export function parseRetryAfter(value: string | number, wallNow: number | undefined): number | undefined {
  const text = String(value).trim();
  if (/^\d+(\.\d+)?$/.test(text)) {
    const milliseconds = Number(text) * 1_000;
    return Number.isFinite(milliseconds) ? milliseconds : undefined;
  }
  // HTTP dates start with a day's name; Date.parse would take much that is no HTTP date.
  if (wallNow === undefined || !/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  // In asctime's form (RFC 9110, 5.6.7) no zone is told: it is Greenwich's, not that of this machine.
  const at = Date.parse(/[a-z]$|[+-]\d{4}$/i.test(text) ? text : `${text} GMT`);
  return Number.isNaN(at) ? undefined : Math.max(0, at - wallNow);
}
