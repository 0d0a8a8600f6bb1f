import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { classify } from './classify.ts';
import { ServiceError } from './client-errors.ts';
import { errorKinds } from './error-kind.ts';
import { CircuitOpenError } from './rejections.ts';
import { parseRetryAfter } from './retry-after.ts';
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

  describe('of what can’t be looked at', () => {
    const refusing = (name: string, fields: object = {}) =>
      Object.defineProperty(withFields(fields), name, {
        get() {
          throw new Error(`not my ${name}`);
        },
      });
    const revoked = () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    };
    const refusal = () => {
      throw new Error('no headers for you');
    };

    it.each([
      ['a revoked proxy', revoked()],
      ['an error that does not show its name', refusing('name')],
      ['an error that does not show its code', refusing('code')],
      ['an error that does not show its cause', refusing('cause')],
      ['an error with a revoked cause', withFields({ cause: revoked() })],
    ])('says that it does not know: %s', (_what, error) => {
      expect(classify(error)).toEqual({ kind: 'unknown' });
    });

    it('says what is known by what can be', () => {
      expect(classify(new TypeError('wrong', { cause: revoked() }))).toEqual({ kind: 'permanent' });
      expect(classify(withFields({ status: 503, headers: { get: refusal } }))).toEqual({ kind: 'transient' });
      expect(classify(refusing('response', { status: 429 }))).toEqual({ kind: 'throttled' });
      expect(
        classify(withFields({ status: 503, cause: withFields({ retryAfter: 5, headers: revoked() }) })),
      ).toEqual({ kind: 'transient', retryAfter: 5 });
    });

    it('never throws, whichever of an error’s fields refuses to be read', () => {
      const fields = ['name', 'code', 'status', 'statusCode', 'errors', 'cause', 'retryAfter'];
      const all = [...fields, 'headers', 'response', 'details', 'statusDetails'];
      fc.assert(
        fc.property(
          fc.constantFrom(...all),
          fc.constantFrom(503, 429, undefined),
          fc.nat(3),
          (field, status, depth) => {
            let error: unknown = refusing(field, { status, message: 'x' });
            for (let above = 0; above < depth; above++) error = withFields({ cause: error });
            expect(errorKinds).toContain(classify(error).kind);
          },
        ),
      );
    });
  });
});

describe('a Retry-After', () => {
  const now = Date.parse('1994-11-06T08:49:07Z');

  it('of so many digits that it is no number asks for nothing', () => {
    const endless = '9'.repeat(400);
    expect(parseRetryAfter(endless, now)).toBeUndefined();
    const headers = { 'retry-after': endless };
    expect(classify(withFields({ status: 429, headers }))).toEqual({ kind: 'throttled' });
    const statusDetails = [{ retryDelay: `${endless}s` }];
    expect(classify(withFields({ code: 8, statusDetails }))).toEqual({ kind: 'throttled' });
    expect(parseRetryAfter('9'.repeat(300), now)).toBe(1e303);
  });

  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', 30_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 30_000],
    ['Sun Nov  6 08:49:37 1994', 30_000],
    ['Sun, 06 Nov 1994 08:49:37', 30_000],
    ['Sun, 06 Nov 1994 03:49:37 -0500', 30_000],
    ['Sun, 06 Nov 1994 03:49:37 EST', 30_000],
    ['Sun Nov 66 08:49:37 1994', undefined],
    ['1994-11-06T08:49:37Z', undefined],
  ])('that is the date %s is read as of Greenwich, wherever it is read', (text, wait) => {
    for (const zone of ['America/New_York', 'Asia/Kolkata', 'UTC']) {
      vi.stubEnv('TZ', zone);
      try {
        // Or the zone would not be what it says.
        expect(new Date(now).getHours()).toBe({ 'America/New_York': 3, 'Asia/Kolkata': 14, UTC: 8 }[zone]);
        expect(parseRetryAfter(text, now)).toBe(wait);
      } finally {
        vi.unstubAllEnvs();
      }
    }
  });
});
