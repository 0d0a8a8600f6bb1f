export {
  anyOf,
  type CircuitRecord,
  type CircuitState,
  consecutiveFailures,
  defineTripRule,
  type FailureRateOptions,
  failureRate,
  type Sample,
  type SlowCallsOptions,
  slowCalls,
  type TripRule,
  type TripRuleDefinition,
  type TripState,
  type WindowSize,
} from '../circuit/index.ts';
export {
  BreakwaterError,
  BulkheadFullError,
  CircuitOpenError,
  type Classification,
  ConfigurationError,
  classify,
  type ErrorKind,
  errorKinds,
  GaveUpError,
  InvalidDataError,
  LostLeaseError,
  PreconditionError,
  parseRetryAfter,
  RateLimitError,
  ServiceError,
  StoreUnavailableError,
  TimeoutError,
  TooFewAnswersError,
  UnacknowledgedError,
  UpstreamUnknownError,
} from '../errors/index.ts';
export { type Clock, type Duration, realClock, type Timer } from '../time/index.ts';
export {
  type Backoff,
  type BackoffOptions,
  constant,
  decorrelatedJitter,
  equalJitter,
  exponential,
  type Failure,
  fullJitter,
  sequence,
} from './backoff.ts';
export { type Bulkhead, type BulkheadEvent, type BulkheadOptions, bulkhead } from './bulkhead.ts';
export { compose, type ExtraOf } from './compose.ts';
export {
  type CircuitBreaker,
  type CircuitBreakerEvent,
  type CircuitBreakerOptions,
  circuitBreaker,
  type GrowingOpenTime,
} from './circuit-breaker.ts';
export { definePolicy, type Next } from './define-policy.ts';
export { type EnsembleOptions, type EnsembleResult, ensemble, type Members } from './ensemble.ts';
export { type FallbackEvent, type FallbackOptions, fallback } from './fallback.ts';
export { type HedgeEvent, type HedgeOptions, hedge } from './hedge.ts';
export type { Handle } from './judge.ts';
export type { Listener } from './listen.ts';
export type { AnyFunction, Attempt, ExecuteOptions, Outcome, Policy, Wrapped } from './policy.ts';
export { type RateLimiterEvent, type RateLimiterOptions, rateLimiter } from './rate-limiter.ts';
export { type GaveUp, type RetryEvent, type RetryOptions, retry } from './retry.ts';
export { type RetryBudget, type RetryBudgetOptions, retryBudget } from './retry-budget.ts';
export { type SingleFlightOptions, singleFlight } from './single-flight.ts';
export { type TimeoutEvent, type TimeoutOptions, timeout } from './timeout.ts';
