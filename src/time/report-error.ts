/** Reports what a callback of the user's threw. */
export function reportError(error: unknown): void {
  try {
    const report = (globalThis as { reportError?: (error: unknown) => void }).reportError;
    if (report !== undefined) report(error);
    else console.error('A callback of a policy threw', error);
  } catch {
    // Nobody is left to tell.
  }
}
