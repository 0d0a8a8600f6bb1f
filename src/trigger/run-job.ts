import { createHash } from 'node:crypto';
import type { Context } from '../context/index.ts';
import { ConfigurationError } from '../errors/index.ts';
import type { RunResult } from '../processor/index.ts';
import { workRecords } from '../store/index.ts';
import { type Duration, milliseconds, sleep, withinTime } from '../time/index.ts';
import { dependencyLevels } from './dependency-order.ts';
import { createDispatcher } from './dispatcher.ts';
import { entriesOf } from './entries.ts';
import { inParallel } from './in-parallel.ts';
import type { ProcessorClass } from './registry.ts';
import type { SweepReport } from './sweep-report.ts';

export interface JobOptions {
  readonly processors: readonly ProcessorClass[];
  readonly context: Context;
  /** The options for each processor, by its declared name; `undefined` leaves it out. */
  readonly options: (processor: string) => object | undefined;
  /** How long what was parked is waited for; what is at work then ends in its own time. Default: an hour. */
  readonly waitAtMost?: Duration | undefined;
  /** How many runs are at work at once. Default: 4. */
  readonly concurrency?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Hears of every result. */
  readonly on?: ((result: RunResult) => void) | undefined;
  /** `CLOUD_RUN_TASK_INDEX` and `CLOUD_RUN_TASK_COUNT` share the processors out among tasks. Default: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

export interface JobReport {
  readonly results: readonly RunResult[];
  /**
   * What still waits when the time is over: it is parked, and left to the sweeps to come. Of reason `unknown` where the store could
   * not be read.
   */
  readonly waiting: SweepReport['waiting'];
  /** 0, also with runs that wait or failed: the store owns their retries. 1 where something could not be recorded or read. */
  readonly exitCode: 0 | 1;
}

const lookEvery = 60_000;

/**
 * Runs processors once, in dependency order, and sweeps what was parked until all is done or the time is over. Of several tasks of
 * a Cloud Run job each takes its share.
 *
 * @throws ConfigurationError for task variables that are no numbers, wrong options, or outputs that wait for each other.
 */
export async function runJob(job: JobOptions): Promise<JobReport> {
  const { processors, context, concurrency = 4, signal, env = process.env } = job;
  const { clock, logger } = context;
  const waitAtMost = milliseconds('runJob.waitAtMost', job.waitAtMost ?? '1h', { zero: true });
  const share = shareOf(env);
  const results: RunResult[] = [];
  const dispatcher = createDispatcher({
    processors,
    context,
    concurrency,
    on: (result) => {
      results.push(result);
      job.on?.(result);
    },
  });
  const deadline = clock.now() + waitAtMost;
  const asked = processors.flatMap((Class) => {
    const { name, output } = Class.processor;
    const options = job.options(name);
    return options === undefined ? [] : [{ name, output, options, processor: new Class(context) }];
  });
  const levels = dependencyLevels(asked, ({ output, processor, options }) => ({
    output,
    needs: processor.upstream(options).flatMap((check) => check.output ?? []),
  }));
  for (const level of levels) {
    const mine = level.filter(({ output }) => share(output));
    await inParallel(mine, concurrency, async ({ name, options }) => {
      await dispatcher.dispatch(name, options, { trigger: 'job', signal });
    });
  }
  const keys = new Set(results.map(({ key }) => key));
  const sweeps = new Set<Promise<unknown>>();
  const beginSweep = () => {
    const sweep: Promise<unknown> = dispatcher
      .sweep({ signal })
      .catch((error: unknown) => logger.error('the sweep could not look', { error }))
      .finally(() => sweeps.delete(sweep));
    sweeps.add(sweep);
    return sweep;
  };
  // Undefined while nobody can tell.
  const leftNow = () =>
    leftOf(context, keys).catch((error: unknown) =>
      logger.error('what is left of the job could not be read', { error }),
    );
  for (let began = clock.now(); began < deadline && !signal?.aborted; began = clock.now()) {
    if ((await leftNow())?.every(isHopeless)) break;
    const next = Math.min(began + lookEvery, deadline);
    // What one sweep has started must not keep the next from looking.
    await withinTime(clock, Math.max(1, next - clock.now()), 'sweep', beginSweep).catch(() => {});
    if ((await leftNow())?.every(isHopeless)) break;
    await sleep(clock, Math.max(0, next - clock.now()), signal).catch(() => {});
  }
  await Promise.all(sweeps);
  const left = await leftNow();
  const last = [...new Map(results.map((result) => [result.key, result])).values()];
  const isLost = left === undefined || last.some(({ recorded }) => !recorded);
  const unknown = () => last.map(({ key }) => ({ key, reason: 'unknown', missing: [] }));
  return { results, waiting: left ?? unknown(), exitCode: isLost ? 1 : 0 };
}

type Waiting = SweepReport['waiting'][number];

/** What of the keys is parked, or at work. */
async function leftOf({ store }: Context, keys: ReadonlySet<string>): Promise<readonly Waiting[]> {
  const left: Waiting[] = [];
  const pending = entriesOf(store.collection(workRecords), { dueBefore: Number.MAX_SAFE_INTEGER });
  for await (const { entry } of pending) {
    const { key } = entry;
    if (!keys.has(key)) continue;
    if (!entry.readable) left.push({ key, reason: 'unknown', missing: [] });
    else if (entry.value.lease !== null) left.push({ key, reason: 'already_running', missing: [] });
    else if (entry.value.parked !== null) {
      const { reason, missing } = entry.value.parked;
      left.push({ key, reason, missing });
    }
  }
  return left;
}

/** No sweep will start it as long as nobody resumes its processor, or runs the release that can read it. */
function isHopeless({ reason }: Waiting): boolean {
  return reason === 'disabled' || reason === 'unknown';
}

/** Which outputs are this task's: by their name, so that every task knows without asking the others. */
function shareOf(env: Readonly<Record<string, string | undefined>>): (output: string) => boolean {
  const count = whole('CLOUD_RUN_TASK_COUNT', env.CLOUD_RUN_TASK_COUNT ?? '1', 1);
  const index = whole('CLOUD_RUN_TASK_INDEX', env.CLOUD_RUN_TASK_INDEX ?? '0', 0);
  if (index >= count) throw new ConfigurationError('CLOUD_RUN_TASK_INDEX', `less than ${count}`, index);
  return (output) => createHash('sha256').update(output).digest().readUInt32BE() % count === index;
}

function whole(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least)
    throw new ConfigurationError(name, `a whole number of at least ${least}`, text);
  return value;
}
