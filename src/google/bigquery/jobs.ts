import { randomUUID } from 'node:crypto';
import { boundedCall } from '../../clients/index.ts';
import { fullJitter, type Policy, retry } from '../../policy/index.ts';
import { type Clock, realClock, sleep } from '../../time/index.ts';
import { ServiceError } from '../../errors/index.ts';
import {
  isJobsOrRequests,
  jobError,
  JobFailedError,
  type JobFailure,
  wantsNewJob,
} from './bigquery-error.ts';
import type { JobCall } from './job-call.ts';
import { isThere, type Rest } from './rest.ts';
import type { WireField, WireRow } from './wire.ts';

export interface JobsOptions {
  readonly rest: Rest;
  readonly project: string;
  readonly location: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** How often the same is tried as a new job at most. */
  readonly attempts: number;
}

/** A job that BigQuery has. */
export interface Job {
  readonly id: string;
  /** What the answer to its insertion told. */
  readonly status: JobStatus | undefined;
}

/** A name for work that is done once, whichever process asks: its jobs have it as their ids, and a number. */
export interface JobName {
  readonly base: string;
  /** The first number that no job has. */
  readonly number: number;
}

/** What became of work under a name. */
export type Earlier = { readonly done: true } | { readonly done: false; readonly next: JobName };

interface JobStatus {
  readonly state?: string | undefined;
  readonly errorResult?: JobFailure | undefined;
}

interface JobAnswer {
  readonly status?: JobStatus | undefined;
}

export interface ResultPage {
  readonly jobComplete?: boolean | undefined;
  readonly schema?: { readonly fields?: readonly WireField[] | undefined } | undefined;
  readonly rows?: readonly WireRow[] | undefined;
  readonly pageToken?: string | undefined;
}

/** How long BigQuery holds a request for the result of a job that still runs. */
export const longPoll = 10_000;
const pageRows = 10_000;
const shortestPause = 250;
const longestPause = 4_000;
const cancelWithin = 5_000;
/** A cancel may overtake the insertion of its job: one that finds none is sent again after these. */
const cancelAgainAfter = [250, 1_000];

/**
 * Jobs with ids of our own choosing: an insertion whose answer was lost is sent again with the same id, and finds the job it
 * had made. A job that failed through no fault of its own is done again as a new one; one whose caller gave up is cancelled.
 */
export class Jobs {
  readonly #options: JobsOptions;
  readonly #again: Policy;
  readonly #cancelling = new Set<Promise<void>>();

  constructor(options: JobsOptions) {
    const { attempts, clock, random } = options;
    this.#options = options;
    this.#again = retry({
      attempts,
      backoff: fullJitter({ base: '500ms', cap: '8s' }),
      clock,
      random,
      handle: (outcome) => !outcome.ok && wantsNewJob(outcome.error),
    });
  }

  /** Makes a job of the configuration and does with it what is to be done, again if it was not its fault. */
  run<T>(
    what: string,
    call: JobCall,
    work: object,
    finish: (job: Job) => Promise<T>,
    { media, name }: { readonly media?: Buffer; readonly name?: JobName | undefined } = {},
  ): Promise<T> {
    const { signal, timeout, labels } = call;
    const configuration = {
      ...work,
      jobTimeoutMs: String(Math.ceil(timeout)),
      ...(labels !== undefined && { labels }),
    };
    let number = name?.number ?? 0;
    return this.#again.execute(
      async () => {
        const id = name === undefined ? `breakwater_${randomUUID()}` : `${name.base}_${number++}`;
        const named = name !== undefined;
        try {
          return await finish(await this.#insert(what, call, { id, named, configuration, media }));
        } catch (error) {
          if (signal.aborted) this.cancel(id);
          throw error;
        }
      },
      { signal },
    );
  }

  /** Looks for a job of that name that has done its work, or waits for the one that is at it. */
  async earlier(what: string, call: JobCall, base: string): Promise<Earlier> {
    for (let number = 1; ; number++) {
      const job = { id: `${base}_${number}`, status: undefined };
      try {
        await this.done(what, call, job);
        return { done: true };
      } catch (error) {
        if (isNotFound(error)) return { done: false, next: { base, number } };
        if (!(error instanceof JobFailedError)) throw error;
      }
    }
  }

  /** A page of a query's result, from when it is there; the first may have no rows. */
  async page(what: string, call: JobCall, job: Job, pageToken?: string): Promise<ResultPage> {
    const { rest, location } = this.#options;
    const query = {
      location,
      timeoutMs: longPoll,
      maxResults: pageRows,
      pageToken,
      'formatOptions.useInt64Timestamp': true,
    };
    const request = { method: 'GET', path: `/queries/${job.id}`, query } as const;
    while (true) {
      const page = await rest.send<ResultPage>(what, call.signal, request, (error) =>
        this.#throwIfJobs(what, job, error),
      );
      call.toldAt = this.#options.clock.now();
      if (page.jobComplete !== false) return page;
    }
  }

  /** The job's own failure, where a request for its result was answered with what may be either's. */
  async #throwIfJobs(what: string, job: Job, error: unknown): Promise<undefined> {
    if (!isJobsOrRequests(error)) return;
    const request = {
      method: 'GET',
      path: `/jobs/${job.id}`,
      query: { location: this.#options.location },
    } as const;
    // What is not known of the job is asked with the next request.
    const { status } = await this.#options.rest.once<JobAnswer>(request).catch((): JobAnswer => ({}));
    if (status?.state === 'DONE' && status.errorResult !== undefined)
      throw jobError(what, status.errorResult);
  }

  /** Waits for a job that gives no rows. @throws ServiceError with its reason. */
  async done(what: string, call: JobCall, job: Job): Promise<void> {
    const { rest, clock, location } = this.#options;
    let status = job.status;
    for (let pause = shortestPause; status?.state !== 'DONE'; pause = Math.min(2 * pause, longestPause)) {
      // Of a job that an earlier request has made nothing is known: it may be done.
      if (status !== undefined) await sleep(clock, pause, call.signal);
      const request = { method: 'GET', path: `/jobs/${job.id}`, query: { location } } as const;
      status = (await rest.send<JobAnswer>(what, call.signal, request)).status ?? {};
      call.toldAt = clock.now();
    }
    if (status.errorResult !== undefined) throw jobError(what, status.errorResult);
  }

  /** Tells BigQuery that nobody waits for the job any more; goes on while its caller has long gone. */
  cancel(id: string): void {
    const { rest, location } = this.#options;
    const what = `Cancel of job ${id}`;
    const bounds = { clock: realClock, after: cancelWithin, what };
    const request = { method: 'POST', path: `/jobs/${id}/cancel`, query: { location } } as const;
    const cancelled = boundedCall(bounds, async (signal) => {
      for (const pause of cancelAgainAfter) {
        if (await isToldOf(rest.send<unknown>(what, signal, request))) return;
        await sleep(realClock, pause, signal);
      }
      await rest.send<unknown>(what, signal, request);
    }).then(
      () => {},
      // It may never have been made, or be over; BigQuery ends it in its own time-out anyway.
      () => {},
    );
    this.#cancelling.add(cancelled);
    void cancelled.then(() => this.#cancelling.delete(cancelled));
  }

  /** Resolves when nothing is being cancelled any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#cancelling);
  }

  async #insert(what: string, call: JobCall, { id, named, configuration, media }: Insertion): Promise<Job> {
    call.toldAt = undefined;
    const { rest, project, location } = this.#options;
    const json = { jobReference: { projectId: project, jobId: id, location }, configuration };
    const answer = await rest.send<JobAnswer>(
      what,
      call.signal,
      { method: 'POST', path: '/jobs', json, media },
      // Ours, made by a request whose answer was lost, or by another call for the same work.
      (error, { attempt }) => (isThere(error) && (named || attempt > 1) ? {} : undefined),
    );
    call.toldAt = this.#options.clock.now();
    return { id, status: answer.status };
  }
}

interface Insertion {
  readonly id: string;
  readonly named: boolean;
  readonly configuration: object;
  readonly media: Buffer | undefined;
}

/** Whether the request found its job. */
async function isToldOf(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof ServiceError && !(error instanceof JobFailedError) && error.code === 'notFound';
}
