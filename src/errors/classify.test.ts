import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify } from './classify.ts';
import { ServiceError } from './client-errors.ts';
import { errorKinds } from './error-kind.ts';
import { CircuitOpenError } from './rejections.ts';
import { TimeoutError } from './timeout-error.ts';

const withFields = (fields: object) => Object.assign(new Error('said nothing useful'), fields);

describe('classify', () => {
  it.each([
    ['our own time-out', new TimeoutError('late', 10), 'timeout'],
    ['our own rejection', new CircuitOpenError('odds', 10), 'rejected'],
    ['a service error', new ServiceError('x', { service: 'bigquery', kind: 'throttled' }), 'throttled'],
    ["a caller's abort", new DOMException('aborted', 'AbortError'), 'cancelled'],
    ["the platform's time-out", new DOMException('late', 'TimeoutError'), 'timeout'],
    ['a reset connection', withFields({ code: 'ECONNRESET' }), 'transient'],
    ['a name that does not resolve', withFields({ code: 'ENOTFOUND' }), 'transient'],
    ['a connection that took too long', withFields({ code: 'ETIMEDOUT' }), 'timeout'],
    ["undici's headers time-out", withFields({ code: 'UND_ERR_HEADERS_TIMEOUT' }), 'timeout'],
    ["undici's wrong argument", withFields({ code: 'UND_ERR_INVALID_ARG' }), 'permanent'],
    ['status 503', withFields({ status: 503 }), 'transient'],
    ['status 429 as statusCode', withFields({ statusCode: 429 }), 'throttled'],
    ['status 404 as text in code', withFields({ code: '404' }), 'permanent'],
    [
      "BigQuery's rate limit, which is a 403",
      withFields({ code: 403, errors: [{ reason: 'rateLimitExceeded' }] }),
      'throttled',
    ],
    [
      "BigQuery's quota, which is a 403 too",
      withFields({ code: 403, errors: [{ reason: 'quotaExceeded' }] }),
      'permanent',
    ],
    [
      "BigQuery's job error, which is a 400",
      withFields({ code: 400, errors: [{ reason: 'jobBackendError' }] }),
      'transient',
    ],
    ["Firestore's unavailable", withFields({ code: 14 }), 'transient'],
    ["Firestore's failed precondition", withFields({ code: 9 }), 'permanent'],
    ['a programming error', new TypeError('x is not a function'), 'permanent'],
    [
      "fetch's failure",
      new TypeError('fetch failed', { cause: withFields({ code: 'ECONNREFUSED' }) }),
      'transient',
    ],
    ['an error that says nothing', new Error('Service unavailable 503 rateLimitExceeded'), 'unknown'],
    ['a string', 'ECONNRESET', 'unknown'],
    ['nothing', undefined, 'unknown'],
  ])('takes %s for what it is', (_what, error, kind) => {
    expect(classify(error).kind).toBe(kind);
  });

  it.each([
    ['seconds', { status: 503, headers: { 'Retry-After': '120' } }, 120_000],
    ['a date', { status: 503, headers: { 'retry-after': 'Fri, 16 Jan 2026 09:00:30 GMT' } }, 30_000],
    ['a date that is over', { status: 503, headers: { 'retry-after': 'Fri, 16 Jan 2026 08:00:00 GMT' } }, 0],
    ['a Headers object', { status: 429, headers: new Headers({ 'retry-after': '2' }) }, 2_000],
    ['the response inside', { status: 429, response: { headers: { 'retry-after': '2' } } }, 2_000],
    ["Google's RetryInfo as JSON", { code: 8, statusDetails: [{ retryDelay: '1.5s' }] }, 1_500],
    [
      "Google's RetryInfo decoded",
      { code: 14, statusDetails: [{}, { retryDelay: { seconds: '2', nanos: 5e8 } }] },
      2_500,
    ],
    ['nonsense', { status: 503, headers: { 'retry-after': 'soon' } }, undefined],
  ])('reads how long to wait from %s', (_what, fields, wait) => {
    expect(classify(withFields(fields), { wallNow: Date.parse('2026-01-16T09:00:00Z') }).retryAfter).toBe(
      wait,
    );
  });

  it('ends on a cause that is a circle', () => {
    const error = new Error('a');
    error.cause = error;
    expect(classify(error)).toEqual({ kind: 'unknown' });
  });

  it('has an answer for anything that can be thrown', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        expect(errorKinds).toContain(classify(thrown).kind);
      }),
    );
  });
});
