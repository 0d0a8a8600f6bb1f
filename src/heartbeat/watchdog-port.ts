/** Watches the event loop from a thread of its own, and ends a process whose loop is blocked past a run's limit. */
export interface Watchdog {
  /** The worst lag of the event loop since the last call, in milliseconds. */
  lag(): number;
  /**
   * From now until it is disposed of, a loop that is still blocked when `limit` milliseconds have passed ends the
   * process, after the run's last words were written. While the loop turns, the limit does nothing.
   */
  guard(run: { readonly runId: string; readonly key: string }, limit: number): Disposable;
}
