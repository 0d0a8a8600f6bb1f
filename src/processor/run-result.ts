import type { ErrorKind } from '../errors/index.ts';

/** How one run (one output, one date) ended. `run()` gives one for each date and never throws for what can happen to a run. */
export type RunResult = Succeeded | Skipped | Failed | TimedOut | Cancelled;

/** One result a date, in order; never empty. */
export type RunResults = readonly [RunResult, ...RunResult[]];

export type RunStatus = RunResult['status'];

interface RunResultBase {
  readonly runId: string;
  readonly processor: string;
  /** Output and date: the unit of claim, lease, fence, circuit and parked record. */
  readonly key: string;
  readonly date: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** How often this key was tried since it was last done or given up, this run included. */
  readonly attempt: number;
  /** In the order in which they ended; at most 200. */
  readonly steps: readonly StepTiming[];
  readonly stats: RunStats;
  /**
   * Whether the store holds what became of the run and what is left to do. False while the store is away (or nothing was
   * claimed): who asked for the run should ask again. A claim whose end was not recorded is recovered when it is over: the run's last
   * heartbeat tells then how it ended, and without one it counts as dead.
   */
  readonly recorded: boolean;
}

export interface StepTiming {
  readonly name: string;
  readonly durationMs: number;
  /** What the step came to; a step cut off by the deadline is `abandoned`. */
  readonly outcome: 'done' | 'failed' | 'abandoned';
}

export interface RunStats {
  readonly rowsExtracted: number;
  readonly rowsWritten: number;
}

export interface Succeeded extends RunResultBase {
  readonly status: 'succeeded';
  readonly reason: 'done';
  /** A trigger came while the run was at work: it should be run once more. */
  readonly again: boolean;
}

export interface Skipped extends RunResultBase {
  readonly status: 'skipped';
  readonly reason: SkipReason;
  /** What upstream lacks, a line each; empty unless the reason is `upstream_not_ready`. */
  readonly missing: readonly string[];
  /** `circuit_open`: milliseconds until it may be tried. */
  readonly retryAfter?: number | undefined;
  readonly error?: unknown;
}

export interface Failed extends RunResultBase {
  readonly status: 'failed';
  readonly reason: FailureReason;
  readonly errorKind: ErrorKind;
  readonly error: unknown;
  /** Milliseconds the failing service asked us to wait. */
  readonly retryAfter?: number | undefined;
}

export interface TimedOut extends RunResultBase {
  readonly status: 'timed_out';
  readonly reason: TimeOutReason;
  readonly error: unknown;
  /** The code in the run ignored its signal and was still at work when the run settled. */
  readonly workLeftRunning: boolean;
}

export interface Cancelled extends RunResultBase {
  readonly status: 'cancelled';
  readonly reason: CancelReason;
  /** The signal's own reason. */
  readonly error: unknown;
  /** The code in the run ignored its signal and was still at work when the run settled. */
  readonly workLeftRunning: boolean;
}

export type SkipReason =
  | 'upstream_not_ready'
  | 'upstream_unknown'
  | 'circuit_open'
  | 'already_running'
  | 'already_done'
  | 'no_games'
  | 'off_season'
  | 'too_historical'
  | 'disabled';

export type FailureReason =
  | 'extract_failed'
  | 'validation_failed'
  | 'transform_failed'
  | 'load_failed'
  | 'store_unavailable'
  | 'stale_heartbeat'
  | 'gave_up'
  | 'lost_lease';

export type TimeOutReason = 'deadline' | 'event_loop_blocked';

export type CancelReason = 'caller' | 'shutdown' | 'operator';
