import { Cron } from 'croner';
import { ConfigurationError } from '../errors/index.ts';
import type { Context } from '../context/index.ts';
import { RunCancelledError } from '../processor/index.ts';
import { type Duration, milliseconds, type Timer } from '../time/index.ts';
import type { Dispatcher } from './dispatcher.ts';

/** A processor that is asked for at certain times. */
export interface ScheduledJob {
  /** The processor's declared name. */
  readonly processor: string;
  /** A cron expression, such as `0 9 * * *`; with six fields the first is seconds. */
  readonly cron: string;
  /** The options of the run that is due at this moment (wall-clock milliseconds), such as yesterday's games. */
  readonly options: (due: number) => unknown;
}

export interface SchedulerOptions {
  readonly dispatcher: Dispatcher;
  readonly context: Context;
  readonly jobs: readonly ScheduledJob[];
  /** Where the expressions' times are meant. Default: `America/New_York`, where a game's day is. */
  readonly timeZone?: string | undefined;
  /** Between two sweeps. Default: a minute. */
  readonly sweepEvery?: Duration | undefined;
}

export interface Scheduler {
  /** The next time of each job, wall-clock milliseconds; null where there is none. */
  next(): readonly { readonly processor: string; readonly at: number | null }[];
  /** Starts nothing more, stops what is at work (it is parked), and waits for it. */
  stop(): Promise<void>;
}

// A sleeping machine, or a wall clock that was set, is noticed within a minute.
const longestWait = 60_000;

/**
 * Triggers for one machine: processors by their cron expressions, and the sweep. A time that passed while the machine slept, or
 * while the job's last run was still at work, is made up for once.
 *
 * @throws ConfigurationError for an expression or a time zone that is none.
 */
export function startScheduler(options: SchedulerOptions): Scheduler {
  const { dispatcher, context, jobs, timeZone = 'America/New_York' } = options;
  const { clock, logger } = context;
  const sweepEvery = milliseconds('scheduler.sweepEvery', options.sweepEvery ?? '1m');
  const stopping = new AbortController();
  const { signal } = stopping;
  const loops = jobs.map((job) => {
    const times = timesOf(job, timeZone);
    return { job, times, at: times(clock.wallNow()) };
  });

  /** Until the wall clock shows the time; false when the scheduler was stopped first. */
  async function until(wall: number): Promise<boolean> {
    while (!signal.aborted && clock.wallNow() < wall)
      await wait(Math.min(longestWait, wall - clock.wallNow()));
    return !signal.aborted;
  }

  function wait(delay: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        timer.cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer: Timer = clock.setTimer(delay, end);
      signal.addEventListener('abort', end, { once: true });
    });
  }

  async function runJob(loop: (typeof loops)[number]): Promise<void> {
    const { processor, options: optionsAt } = loop.job;
    while (loop.at !== null && (await until(loop.at))) {
      // Of the times that have passed meanwhile the last one counts.
      const due = lastBefore(loop.times, loop.at, clock.wallNow());
      try {
        await dispatcher.dispatch(processor, optionsAt(due), { trigger: 'schedule', signal });
      } catch (error) {
        logger.error(`the scheduled run of ${processor} could not be asked for`, { processor, error });
      }
      loop.at = loop.times(due);
    }
  }

  async function sweeps(): Promise<void> {
    const underWay = new Set<Promise<void>>();
    for (let at = clock.now(); !signal.aborted; ) {
      at = Math.max(at + sweepEvery, clock.now());
      await wait(at - clock.now());
      if (signal.aborted) break;
      // Not waited for: what one has started must not keep the next from looking.
      const sweep = sweepOnce().finally(() => underWay.delete(sweep));
      underWay.add(sweep);
    }
    await Promise.all(underWay);
  }

  async function sweepOnce(): Promise<void> {
    try {
      await dispatcher.sweep({ signal });
    } catch (error) {
      if (!signal.aborted) logger.error('the sweep could not look', { error });
    }
  }

  const ended = Promise.all([...loops.map(runJob), sweeps()]);
  return {
    next: () => loops.map(({ job: { processor }, at }) => ({ processor, at })),
    async stop() {
      stopping.abort(new RunCancelledError('shutdown', 'The scheduler is being stopped'));
      await ended;
    },
  };
}

/** The expression's first time after a moment. */
function timesOf({ processor, cron }: ScheduledJob, timeZone: string): (after: number) => number | null {
  try {
    const times = new Cron(cron, { timezone: timeZone, paused: true });
    // An unknown time zone shows only when it is used.
    times.nextRun(new Date(0));
    return (after) => times.nextRun(new Date(after))?.getTime() ?? null;
  } catch (cause) {
    throw new ConfigurationError(
      `scheduler.jobs.${processor}.cron`,
      `a cron expression, in a time zone such as America/New_York (${(cause as Error).message})`,
      `${cron} in ${timeZone}`,
      { cause },
    );
  }
}

function lastBefore(times: (after: number) => number | null, first: number, now: number): number {
  let last = first;
  for (let next = times(last); next !== null && next <= now; next = times(last)) last = next;
  return last;
}
