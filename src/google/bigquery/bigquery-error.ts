import { kindOf, type ErrorKind, ServiceError } from '../../errors/index.ts';
import { codeOf, reasonOf } from '../google-error.ts';

/** What a job says of its failure. */
export interface JobFailure {
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}

/** The reason that two transactions on one table at the same time end in; BigQuery itself says invalidQuery. */
export const concurrentUpdate = 'concurrentUpdate';

// The one thing that BigQuery tells by its text alone.
const serialization = /could not serialize access|aborted due to concurrent update/i;

/** Reasons that tell of a job also where they come as the answer to a request. */
const jobReasons: ReadonlySet<string> = new Set([
  'jobBackendError',
  'jobInternalError',
  'jobRateLimitExceeded',
  'tableUnavailable',
  concurrentUpdate,
]);

/**
 * Whether the same may be tried again as a new job. What failed has changed nothing.
 *
 * `backendError` and its like mean the request where a request failed with them, which is then sent again; a job that has ended with
 * them stays what it is, however often it is asked for.
 */
export function wantsNewJob(error: unknown): boolean {
  if (error instanceof JobFailedError) return mayPass(error.kind);
  return error instanceof ServiceError && error.code !== undefined && jobReasons.has(error.code);
}

/** Whether a request's error may be that of the job it asked for, and not its own: only the job itself can tell. */
export function isJobsOrRequests(error: unknown): boolean {
  const reason = reasonOf(error);
  return reason !== undefined && !jobReasons.has(reason) && mayPass(kindOf(error));
}

function mayPass(kind: ErrorKind): boolean {
  return kind === 'transient' || kind === 'throttled';
}

/** An error of a request, with what is told by text alone made a reason. */
export function requestError(what: string, error: unknown): unknown {
  const reason = reasonOf(error);
  const message = String((error as Error | null)?.message);
  if (reason !== undefined && serialization.test(message))
    return serviceError(what, { reason, message }, error);
  return error;
}

/** A job that ran, and failed. */
export class JobFailedError extends ServiceError {}

/** An error of a job that ran. */
export function jobError(what: string, failure: JobFailure): JobFailedError {
  return serviceError(what, failure, { errors: [failure], message: failure.message }, JobFailedError);
}

function serviceError(
  what: string,
  { reason, message = '' }: JobFailure,
  cause: unknown,
  Failure: typeof ServiceError = ServiceError,
): ServiceError {
  const concurrent = serialization.test(message);
  const code = concurrent ? concurrentUpdate : (reason ?? codeOf(cause));
  const kind = concurrent ? 'transient' : kindOf(cause);
  return new Failure(
    `${what} failed (${code}): ${message.slice(0, 500)}`,
    { service: 'bigquery', kind, code },
    { cause },
  );
}
