import type { Duration } from '../time/index.ts';

/** How one call of a client is bounded. A client bound to a run adds the run's signal and the time it has left. */
export interface CallOptions {
  /** Aborts the call; the caller's reason comes out unchanged. */
  readonly signal?: AbortSignal | undefined;
  /** The longest the call may take. Default: the client's own, named where the client is made. */
  readonly timeout?: Duration | undefined;
}
