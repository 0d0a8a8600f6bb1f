/**
 * What a failure means to whoever must decide what to do next.
 *
 * - `transient`: the dependency may work if asked again.
 * - `throttled`: the dependency asked for less traffic; `retryAfter` may say how long to wait.
 * - `permanent`: asking again gives the same answer (programming errors are permanent).
 * - `timeout`: a deadline of ours passed.
 * - `cancelled`: the caller gave up; never retried, never counted.
 * - `rejected`: a circuit breaker, bulkhead or rate limiter of ours refused the call.
 * - `unknown`: nothing is known about the error.
 */
export type ErrorKind = (typeof errorKinds)[number];

export const errorKinds = [
  'transient',
  'throttled',
  'permanent',
  'timeout',
  'cancelled',
  'rejected',
  'unknown',
] as const;
