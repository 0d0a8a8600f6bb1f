import type { BigQueryClient, Fence, HttpClient, Logger, StorageClient } from '../clients/index.ts';
import type { Context } from '../context/index.ts';
import { classify, LostLeaseError } from '../errors/index.ts';
import type { Clock, Timer } from '../time/index.ts';
import type { Dependency } from '../upstream/index.ts';
import { bindBigQuery, bindHttp, bindStorage, type RunBounds } from './bound-clients.ts';
import type { ProcessorDefinition } from './definition.ts';
import type { Run } from './run.ts';
import type { CancelReason, FailureReason, RunResult, SkipReason, TimeOutReason } from './run-result.ts';
import { StepLog } from './step-log.ts';

/** Why a run is being stopped before its work is done. */
export type Ending =
  | { readonly status: 'timed_out'; readonly reason: TimeOutReason; readonly error: unknown }
  | { readonly status: 'cancelled'; readonly reason: CancelReason; readonly error: unknown }
  | { readonly status: 'failed'; readonly reason: 'lost_lease'; readonly error: unknown };

/** Hears what a run does; the heartbeat is one. */
export interface RunObserver {
  progress(done: number, total: number | undefined, message: string | undefined): void;
  step(name: string): void;
}

export interface LiveRunParts<O> {
  readonly context: Context;
  readonly definition: ProcessorDefinition;
  readonly id: string;
  readonly key: string;
  readonly date: string;
  readonly options: O;
  readonly force: boolean;
  readonly attempt: number;
  readonly fence: number;
  /** Monotonic milliseconds at which the claim ends. */
  readonly leaseEnd: number;
  /** What the key's last success was made of. */
  readonly previousFingerprint: string | undefined;
}

/**
 * A run at work: the public `Run` and what only the mixins may do with it.
 *
 * Invariant: once `stop` was called the run settles within the grace, and by the end of its claim in any case, whatever its
 * code does; every later call through its clients is refused.
 */
export class LiveRun<O> implements Run<O>, RunBounds {
  readonly id: string;
  readonly key: string;
  readonly processor: string;
  readonly date: string;
  readonly options: O;
  readonly attempt: number;
  readonly force: boolean;
  readonly fence: Fence;
  readonly context: Context;
  readonly definition: ProcessorDefinition;
  readonly previousFingerprint: string | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly bigquery: BigQueryClient;
  readonly http: HttpClient;
  readonly storage: StorageClient;
  readonly startedAt: string;
  /** Monotonic milliseconds at which the claim ends. */
  readonly leaseEnd: number;
  rowsExtracted = 0;
  rowsWritten = 0;
  dependencies: readonly Dependency[] = [];
  /** What this run's success would be made of; set by the upstream check. */
  fingerprint: string | undefined;
  observer: RunObserver | undefined;

  readonly #controller = new AbortController();
  readonly #started: number;
  readonly #steps: StepLog;
  readonly #leaseTimer: Timer;
  readonly #graceOver = Promise.withResolvers<void>();
  readonly #leaseOver = Promise.withResolvers<void>();
  #graceTimer: Timer | undefined;
  #deadline: number;
  #ending: Ending | undefined;
  /** How many pieces of work have begun and not come to an end of their own. */
  #atWork = 0;

  constructor(parts: LiveRunParts<O>) {
    const { context, definition } = parts;
    this.context = context;
    this.definition = definition;
    this.id = parts.id;
    this.key = parts.key;
    this.processor = definition.name;
    this.date = parts.date;
    this.options = parts.options;
    this.attempt = parts.attempt;
    this.force = parts.force;
    this.fence = { key: parts.key, token: parts.fence };
    this.previousFingerprint = parts.previousFingerprint;
    this.clock = context.clock;
    this.random = context.random;
    this.logger = context.logger.child({ processor: definition.name, key: parts.key, runId: parts.id });
    this.startedAt = new Date(context.clock.wallNow()).toISOString();
    this.#started = context.clock.now();
    this.#steps = new StepLog(context.clock);
    this.leaseEnd = parts.leaseEnd;
    this.#deadline = parts.leaseEnd;
    this.bigquery = bindBigQuery(context.bigquery, this);
    this.http = bindHttp(context.http, this);
    this.storage = bindStorage(context.storage, this);
    // The claim is not renewed: at its end another run may start, so this one must have let go.
    this.#leaseTimer = this.clock.setTimer(Math.max(0, parts.leaseEnd - this.clock.now()), () => {
      this.stop({
        status: 'failed',
        reason: 'lost_lease',
        error: new LostLeaseError(`The claim on ${this.key} ended before the run did`),
      });
      this.#graceOver.resolve();
      this.#leaseOver.resolve();
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get deadline(): number {
    return this.#deadline;
  }

  remaining(): number {
    return Math.max(0, this.#deadline - this.clock.now());
  }

  progress(done: number, total?: number, message?: string): void {
    this.observer?.progress(done, total, message);
  }

  async step<T>(name: string, work: (signal: AbortSignal) => Promise<T> | T): Promise<T> {
    this.signal.throwIfAborted();
    this.observer?.step(name);
    return this.#steps.time(name, () => work(this.signal));
  }

  /** Brings the deadline forward; it never moves back. */
  limit(deadline: number): void {
    this.#deadline = Math.min(this.#deadline, deadline);
  }

  /** Why the run was stopped, if it was. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** Aborts the signal and, after the grace, settles the run without its work. The first ending stands. */
  stop(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#graceTimer = this.clock.setTimer(this.context.config.processor.grace, () =>
      this.#graceOver.resolve(),
    );
    this.#controller.abort(ending.error);
  }

  /**
   * The work's result; or, if the run was stopped, how it was: once the work has ended or the grace is over. Work that would
   * only begin after the stop does not.
   */
  async settle(work: () => Promise<RunResult>): Promise<RunResult> {
    if (this.#ending !== undefined) return this.stopped(this.#ending);
    this.#atWork += 1;
    const ended = begin(work).finally(() => {
      this.#atWork -= 1;
    });
    const result = await Promise.race([ended, this.#graceOver.promise]).catch((error: unknown) => {
      if (this.#ending === undefined) throw error;
    });
    if (this.#ending !== undefined) return this.stopped(this.#ending);
    if (result === undefined)
      throw new TypeError('The work of a run must give its result: succeeded(run), …');
    return result;
  }

  /** The last resort around guards that are not ours: what they give, or at the end of the claim how the run was stopped. */
  async settleByLeaseEnd(guard: () => Promise<RunResult>): Promise<RunResult> {
    const result = await Promise.race([begin(guard), this.#leaseOver.promise]);
    if (result !== undefined) return result;
    this.#atWork += 1;
    return this.stopped(this.#ending as Ending);
  }

  /** The code in the run ignored its signal: it is at work though the run has settled. */
  get workLeftRunning(): boolean {
    return this.#atWork > 0;
  }

  /** Releases what the run holds: no timer and no listener is left. */
  dispose(): void {
    this.#leaseTimer.cancel();
    this.#graceTimer?.cancel();
    this.observer = undefined;
  }

  succeeded(): RunResult {
    return { ...this.#base(), status: 'succeeded', reason: 'done', again: false };
  }

  skipped(
    reason: SkipReason,
    details: {
      readonly missing?: readonly string[];
      readonly retryAfter?: number | undefined;
      readonly error?: unknown;
    } = {},
  ): RunResult {
    const { missing = [], ...rest } = details;
    return { ...this.#base(), status: 'skipped', reason, missing, ...rest };
  }

  /** How the run ends when a step of it threw. */
  failed(reason: FailureReason, error: unknown): RunResult {
    if (this.#ending !== undefined) return this.stopped(this.#ending);
    const { kind, retryAfter } = classify(error, { wallNow: this.clock.wallNow() });
    const lost = error instanceof LostLeaseError;
    return {
      ...this.#base(),
      status: 'failed',
      reason: lost ? 'lost_lease' : reason,
      errorKind: kind,
      error,
      ...(retryAfter !== undefined && { retryAfter }),
    };
  }

  stopped(ending: Ending): RunResult {
    if (ending.status === 'failed') return { ...this.#base(), ...ending, errorKind: 'permanent' };
    return { ...this.#base(), ...ending, workLeftRunning: this.workLeftRunning };
  }

  #base() {
    return {
      runId: this.id,
      processor: this.processor,
      key: this.key,
      date: this.date,
      startedAt: this.startedAt,
      durationMs: this.clock.now() - this.#started,
      attempt: this.attempt,
      steps: this.#steps.timings(),
      stats: { rowsExtracted: this.rowsExtracted, rowsWritten: this.rowsWritten },
      recorded: false,
    };
  }
}

/** Starts the work, and takes what it throws, now or when nobody waits for it any more: no rejection is unhandled. */
function begin(work: () => Promise<RunResult>): Promise<RunResult> {
  const begun = (async () => work())();
  begun.catch(() => {});
  return begun;
}
