import { type Context, settingsFor } from '../context/index.ts';
import { LostLeaseError } from '../errors/index.ts';
import { compose, fullJitter, retry, timeout } from '../policy/index.ts';
import type { WorkRecord } from '../store/index.ts';
import { withinTime } from '../time/index.ts';
import { cancelReasonOf, RunCancelledError, watchForCancel } from './cancellation.ts';
import type { ProcessorDefinition } from './definition.ts';
import { LiveRun } from './live-run.ts';
import type { DispatchCall, RunPart } from './run-base.ts';
import type { RunResult } from './run-result.ts';
import { recordDead, recordEnd, recordStart } from './run-records.ts';
import { type ClaimResult, claim } from './claim.ts';
import { release } from './release.ts';

interface Performance<O> {
  readonly context: Context;
  readonly definition: ProcessorDefinition;
  readonly part: RunPart<O>;
  readonly call: DispatchCall;
  readonly guard: (run: LiveRun<O>) => Promise<RunResult>;
}

// The claim outlasts time-out and grace by the time that recording takes at most.
const recordingTime = 60_000;
const storeCallTime = 10_000;
// A run with less time than this before it need not begin.
const leastTime = 1_000;

/**
 * One run from claim to record. Whatever happens it gives one result: what the store knows of the run is written
 * before the claim is given back, so that a crash at any point leaves a record that recovery turns into an outcome.
 */
export async function performRun<O>(performance: Performance<O>): Promise<RunResult> {
  const { context, definition, part, call } = performance;
  const { clock, config, store } = context;
  const id = runId(context);
  const duration = settingsFor(config, definition).timeout + config.processor.grace + recordingTime;
  // Counted from before the claim is sent: at the store it can only end later.
  const leaseEnd = clock.now() + duration;
  const start = (claimed: { fence: number; attempt: number; previousFingerprint: string | undefined }) =>
    new LiveRun<O>({ context, definition, id, ...part, force: call.force ?? false, leaseEnd, ...claimed });
  const unclaimed = (result: (run: LiveRun<O>) => RunResult): RunResult => {
    const run = start({ fence: 0, attempt: 1, previousFingerprint: undefined });
    run.dispose();
    return result(run);
  };

  if (call.signal?.aborted) {
    const error: unknown = call.signal.reason;
    const reason = cancelReasonOf(error);
    return unclaimed((run) => run.stopped({ status: 'cancelled', reason, error }));
  }
  if (call.deadline !== undefined && call.deadline - clock.now() < leastTime) {
    const error = new RunCancelledError('shutdown', 'There is no time left to start the run in');
    return unclaimed((run) => run.stopped({ status: 'cancelled', reason: 'shutdown', error }));
  }
  let paused = false;
  let claimed: ClaimResult;
  try {
    claimed = await asking(context, `claim of ${part.key}`, async (signal) => {
      paused = (await call.isPaused?.(signal)) ?? false;
      return claim(
        store,
        {
          key: part.key,
          processor: definition.name,
          sport: definition.sport,
          date: part.date,
          options: part.options as WorkRecord['options'],
          runId: id,
          holder: config.instance,
          startedAt: new Date(clock.wallNow()).toISOString(),
          duration,
          yields: call.yields && !call.force ? config.parking.lookEvery : undefined,
          recordDead: async (dead) => {
            await recordDead(context, { runId: dead.lease.runId, reason: 'stale_heartbeat' }, dead, signal);
          },
          cause: call.cause,
          again: call.again,
          ifParked: call.ifParked,
        },
        signal,
      );
    });
  } catch (error) {
    return unclaimed((run) => run.failed('store_unavailable', error));
  }
  if (!claimed.claimed) {
    const { waitsFor, isDone } = claimed;
    // The live run was told to go again, or the work is parked: nothing more is left to do.
    return unclaimed((run) => ({
      ...(waitsFor === undefined
        ? run.skipped(isDone ? 'already_done' : 'already_running')
        : run.skipped('upstream_not_ready', { missing: waitsFor })),
      recorded: true,
    }));
  }

  const run = start(claimed);
  if (call.deadline !== undefined) run.limit(call.deadline);
  const stopWithCaller = () => {
    const error: unknown = call.signal?.reason;
    run.stop({ status: 'cancelled', reason: cancelReasonOf(error), error });
  };
  call.signal?.addEventListener('abort', stopWithCaller, { once: true });
  // An abort that came while the claim was on its way has had no listener.
  if (call.signal?.aborted) stopWithCaller();
  const watch = watchForCancel(context, run);
  try {
    const result = await work(performance, run, paused);
    watch[Symbol.dispose]();
    return await finish(performance, run, result);
  } finally {
    watch[Symbol.dispose]();
    call.signal?.removeEventListener('abort', stopWithCaller);
    run.dispose();
  }
}

async function work<O>(performance: Performance<O>, run: LiveRun<O>, paused: boolean): Promise<RunResult> {
  const { context, call, guard } = performance;
  try {
    await asking(context, `record of run ${run.id}`, (signal) =>
      recordStart(context, run, call.trigger, signal),
    );
  } catch (error) {
    return run.failed('store_unavailable', error);
  }
  if (paused) return run.skipped('disabled');
  try {
    return await run.settleByLeaseEnd(() => guard(run));
  } catch (error) {
    // A guard or the work threw what it did not turn into an outcome.
    return run.failed('extract_failed', error);
  }
}

/**
 * What must be in the store before a run may work. An error is no answer: the next try adopts what has landed, where a claim
 * that nobody knows of would keep the key until its end.
 */
function asking<T>(
  { clock, random }: Context,
  what: string,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const again = retry({ attempts: 3, backoff: fullJitter({ base: '100ms', cap: '1s' }), clock, random });
  return withinTime(clock, storeCallTime, what, (signal) =>
    again.execute((attempt) => ask(attempt.signal), { signal }),
  );
}

/**
 * Records the outcome, then gives the claim back: in this order, so that a crash between is seen as what it is. The
 * outcome that was recorded first is the run's.
 */
async function finish<O>(
  performance: Performance<O>,
  run: LiveRun<O>,
  result: RunResult,
): Promise<RunResult> {
  const { context, part, call } = performance;
  const { clock, random, store } = context;
  if (run.workLeftRunning)
    run.logger.warn('the run has settled, but its code is still at work: it ignores its signal');
  const recording = compose(
    retry({ attempts: Infinity, clock, random }),
    timeout({ after: storeCallTime, clock }),
  );
  const now = clock.now();
  const deadline = Math.max(now + storeCallTime, Math.min(now + recordingTime, run.leaseEnd));
  try {
    const other = await recording.execute(
      ({ signal }) => recordEnd(context, run, result, call.trigger, signal),
      { deadline },
    );
    if (other !== undefined) {
      // Recovery took the run for dead, and gives its claim away.
      const error = new LostLeaseError(`Run ${run.id} was recorded as ${other.status} before it ended`);
      return { ...run.stopped({ status: 'failed', reason: 'lost_lease', error }), recorded: true };
    }
    const at = new Date(clock.wallNow()).toISOString();
    const done =
      result.status === 'succeeded'
        ? { runId: run.id, at, fingerprint: run.fingerprint ?? '', rows: result.stats.rowsWritten }
        : null;
    const request = { key: part.key, runId: run.id, at, done, settlement: call.settle(result) };
    const { again } = await recording.execute(({ signal }) => release(store, request, signal), { deadline });
    return result.status === 'succeeded'
      ? { ...result, recorded: true, again }
      : { ...result, recorded: true };
  } catch (error) {
    // A claim that is not held any more was given back before (the answer was lost), or is the business of who holds it.
    const isGone = error instanceof LostLeaseError;
    if (isGone) run.logger.warn('the claim of the run was not there to be given back', { error });
    else run.logger.error(`the end of the run could not be recorded: ${messageOf(error)}`, { error });
    return { ...result, recorded: isGone };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// Time first, so that runs sort; chance from the context, so that a simulation repeats itself.
function runId(context: Context): string {
  const time = Math.floor(context.clock.wallNow()).toString(36).padStart(9, '0');
  const chance = Math.floor(context.random() * 36 ** 8)
    .toString(36)
    .padStart(8, '0');
  return `${time}-${chance}`;
}
