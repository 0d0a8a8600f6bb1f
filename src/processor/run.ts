import type { BigQueryClient, HttpClient, Logger, StorageClient } from '../clients/index.ts';
import type { Clock } from '../time/index.ts';
import type { Dependency } from '../upstream/index.ts';

/** One piece of work, one output and date, as the code that does it sees it. */
export interface Run<O> {
  readonly id: string;
  /** Output and date. */
  readonly key: string;
  readonly processor: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  /** The options of this date alone. */
  readonly options: O;
  /** From 1: how often this key was tried since it was last done or given up. */
  readonly attempt: number;
  /** Aborted at the deadline, by the caller, or when the claim is lost; its reason says which. */
  readonly signal: AbortSignal;
  /** Monotonic milliseconds of `clock` by which the work must be done. */
  readonly deadline: number;
  /** Milliseconds left until the deadline, never below zero. */
  remaining(): number;

  /** The context's clients, bound to the run: every call gets its signal and at most the time it has left. */
  readonly bigquery: BigQueryClient;
  readonly http: HttpClient;
  readonly storage: StorageClient;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Carries the run's id, key and processor on each line. */
  readonly logger: Logger;
  /** What the upstream check found, when there was one. */
  readonly dependencies: readonly Dependency[];

  /** Tells the heartbeat how far the work is. */
  progress(done: number, total?: number, message?: string): void;
  /** Runs a part of the work under a name: timed, shown in the heartbeat, listed in the result. */
  step<T>(name: string, work: (signal: AbortSignal) => Promise<T> | T): Promise<T>;
}
