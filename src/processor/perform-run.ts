import type { Context } from '../context/index.ts';
import { LostLeaseError } from '../errors/index.ts';
import type { WorkRecord } from '../store/index.ts';
import { withinTime } from '../time/index.ts';
import type { ProcessorDefinition } from './definition.ts';
import { LiveRun } from './live-run.ts';
import type { DispatchCall, RunPart } from './run-base.ts';
import type { RunResult } from './run-result.ts';
import { recordDead, recordEnd, recordStart } from './run-records.ts';
import { type ClaimResult, claim, release } from './work-claims.ts';

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

/**
 * One run from claim to record. Whatever happens it gives one result: what the store knows of the run is written
 * before the claim is given back, so that a crash at any point leaves a record that recovery turns into an outcome.
 */
export async function performRun<O>(performance: Performance<O>): Promise<RunResult> {
  const { context, definition, part, call } = performance;
  const { clock, config, store } = context;
  const id = runId(context);
  const duration = (definition.timeout ?? config.processor.timeout) + config.processor.grace + recordingTime;
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
    return unclaimed((run) => run.stopped({ status: 'cancelled', reason: 'caller', error }));
  }
  let claimed: ClaimResult;
  try {
    claimed = await withinTime(clock, storeCallTime, `claim of ${part.key}`, (signal) =>
      claim(
        store,
        {
          key: part.key,
          processor: definition.name,
          date: part.date,
          options: part.options as WorkRecord['options'],
          runId: id,
          holder: config.instance,
          startedAt: new Date(clock.wallNow()).toISOString(),
          duration,
        },
        signal,
      ),
    );
  } catch (error) {
    return unclaimed((run) => run.failed('store_unavailable', error));
  }
  if (!claimed.claimed) return unclaimed((run) => run.skipped('already_running'));

  const run = start(claimed);
  const stopWithCaller = () =>
    run.stop({ status: 'cancelled', reason: 'caller', error: call.signal?.reason });
  call.signal?.addEventListener('abort', stopWithCaller, { once: true });
  // An abort that came while the claim was on its way has had no listener.
  if (call.signal?.aborted) stopWithCaller();
  try {
    const result = await work(performance, run, claimed.dead);
    return await finish(performance, run, result);
  } finally {
    call.signal?.removeEventListener('abort', stopWithCaller);
    run.dispose();
  }
}

async function work<O>(
  performance: Performance<O>,
  run: LiveRun<O>,
  dead: string | undefined,
): Promise<RunResult> {
  const { context, call, guard } = performance;
  try {
    await withinTime(context.clock, storeCallTime, `record of run ${run.id}`, async (signal) => {
      if (dead !== undefined) await recordDead(context, dead, 'stale_heartbeat', signal);
      await recordStart(context, run, call.trigger, signal);
    });
  } catch (error) {
    return run.failed('store_unavailable', error);
  }
  try {
    return await guard(run);
  } catch (error) {
    // A guard or the work threw what it did not turn into an outcome.
    return run.failed('extract_failed', error);
  }
}

/** Records the outcome, then gives the claim back: in this order, so that a crash between is seen as what it is. */
async function finish<O>(
  performance: Performance<O>,
  run: LiveRun<O>,
  result: RunResult,
): Promise<RunResult> {
  const { context, part, call } = performance;
  const { clock, store } = context;
  try {
    const { again } = await withinTime(clock, storeCallTime, `record of run ${run.id}`, async (signal) => {
      await recordEnd(context, run, result, call.trigger, signal);
      return release(
        store,
        {
          key: part.key,
          runId: run.id,
          at: new Date(clock.wallNow()).toISOString(),
          done: doneBy(run, result, clock.wallNow()),
          settlement: call.settle(result),
        },
        signal,
      );
    });
    return result.status === 'succeeded' ? { ...result, again } : result;
  } catch (error) {
    // The outcome stands; who looks for the dead finds the claim when it has ended, and records what is missing.
    run.logger.error(
      `the end of the run could not be recorded: ${error instanceof Error ? error.message : error}`,
      { error },
    );
    const lost = error instanceof LostLeaseError && result.status === 'succeeded';
    return lost ? run.failed('lost_lease', error) : result;
  }
}

function doneBy<O>(run: LiveRun<O>, result: RunResult, wall: number): WorkRecord['done'] {
  if (result.status !== 'succeeded') return null;
  return {
    runId: run.id,
    at: new Date(wall).toISOString(),
    fingerprint: run.fingerprint ?? '',
    rows: result.stats.rowsWritten,
  };
}

// Time first, so that runs sort; chance from the context, so that a simulation repeats itself.
function runId(context: Context): string {
  const time = context.clock.wallNow().toString(36).padStart(9, '0');
  const chance = Math.floor(context.random() * 36 ** 8)
    .toString(36)
    .padStart(8, '0');
  return `${time}-${chance}`;
}
