import { createHash } from 'node:crypto';
import type { Context } from '../context/index.ts';
import { ConfigurationError } from '../errors/index.ts';
import type { RunResult } from '../processor/index.ts';
import { type Duration, milliseconds, sleep } from '../time/index.ts';
import { dependencyLevels } from './dependency-order.ts';
import { createDispatcher } from './dispatcher.ts';
import { inParallel } from './in-parallel.ts';
import type { ProcessorClass } from './registry.ts';
import type { SweepReport } from './sweep-report.ts';

export interface JobOptions {
  readonly processors: readonly ProcessorClass[];
  readonly context: Context;
  /** The options for each processor, by its declared name; `undefined` leaves it out. */
  readonly options: (processor: string) => object | undefined;
  /** How long what was parked is waited for. Default: an hour. */
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
  /** What still waits when the time is over: it is parked, and left to the sweeps to come. */
  readonly waiting: SweepReport['waiting'];
  /** 0, also with runs that wait or failed: the store owns their retries. 1 where something could not be recorded. */
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
  const { clock } = context;
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
  let waiting: SweepReport['waiting'] = [];
  const keys = new Set(results.map(({ key }) => key));
  for (let first = true; isLeft(results) && !signal?.aborted; first = false) {
    const left = deadline - clock.now();
    if (!first && left <= 0) break;
    if (!first) await sleep(clock, Math.min(lookEvery, left), signal);
    const report = await dispatcher.sweep({ signal });
    // What was looked at before and is not due yet still waits.
    if (report.waiting.length > 0 || report.results.length > 0)
      waiting = report.waiting.filter(({ key }) => keys.has(key));
  }
  const lost = [...latest(results).values()].some(({ recorded }) => !recorded);
  return { results, waiting: isLeft(results) ? waiting : [], exitCode: lost ? 1 : 0 };
}

/** Whether the last that was heard of a key leaves something to be done. */
function isLeft(results: readonly RunResult[]): boolean {
  return [...latest(results).values()].some(
    ({ status, reason }) =>
      (status === 'skipped' && waitingReasons.has(reason)) ||
      status === 'timed_out' ||
      (status === 'failed' && reason !== 'gave_up'),
  );
}

const waitingReasons: ReadonlySet<string> = new Set([
  'upstream_not_ready',
  'upstream_unknown',
  'circuit_open',
  'already_running',
]);

function latest(results: readonly RunResult[]): ReadonlyMap<string, RunResult> {
  return new Map(results.map((result) => [result.key, result]));
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
