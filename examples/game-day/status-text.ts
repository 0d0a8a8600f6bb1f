import pc from 'picocolors';

/** An outcome for people: green for done, yellow for what waits, red for what failed. */
export function statusText(status: string, reason: string): string {
  const colour = { succeeded: pc.green, skipped: pc.yellow, cancelled: pc.yellow }[status] ?? pc.red;
  return colour(reason === 'done' ? status : `${status}: ${reason}`);
}
