import type { Outcome } from './policy.ts';

/** One function that hears of every event of a policy. What it throws changes nothing. */
export type Listener<Event> = (event: Event) => void;

/** Tells the listener; what it throws is reported as an uncaught error of its own, and never reaches the call. */
export function tell<Event>(listener: Listener<Event> | undefined, event: Event): void {
  if (listener === undefined) return;
  try {
    listener(event);
  } catch (error) {
    reportError(error);
  }
}

/** What a `handle` says of the outcome; one that throws says no, and what it threw is reported. */
export function judge(handle: (outcome: Outcome<unknown>) => boolean, outcome: Outcome<unknown>): boolean {
  try {
    return handle(outcome);
  } catch (error) {
    reportError(error);
    return false;
  }
}

function reportError(error: unknown): void {
  const report = (globalThis as { reportError?: (error: unknown) => void }).reportError;
  if (report !== undefined) {
    report(error);
    return;
  }
  console.error('A listener of a policy threw', error);
}
