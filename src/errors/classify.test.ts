import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { GoogleError } from 'google-gax';
import { describe, expect, it, vi } from 'vitest';
import { classify } from './classify.ts';
import { ServiceError } from './client-errors.ts';
import { errorKinds } from './error-kind.ts';
import { CircuitOpenError, RateLimitError } from './rejections.ts';
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
    ["Firestore's unavailable", withFields({ code: 14, details: 'gone' }), 'transient'],
    ["Firestore's failed precondition", withFields({ code: 9, details: 'no' }), 'permanent'],
    ["gRPC's code with nothing but metadata", withFields({ code: 14, metadata: {} }), 'transient'],
    ["gax's own cancellation", Object.assign(new GoogleError('cancelled'), { code: 1 }), 'cancelled'],
    ["Firestore's BulkWriter", withFields({ code: 14, documentRef: {} }), 'transient'],
    [
      "got's 503",
      withFields({ code: 'ERR_NON_2XX_3XX_RESPONSE', response: { statusCode: 503 } }),
      'transient',
    ],
    ["axios's 429", withFields({ code: 'ERR_BAD_REQUEST', response: { status: 429 } }), 'throttled'],
    ["axios's 404", withFields({ code: 'ERR_BAD_REQUEST', response: { status: 404 } }), 'permanent'],
    ["ky's 503", withFields({ response: new Response('', { status: 503 }) }), 'transient'],
    [
      'an answer that works, and then breaks off',
      withFields({ code: 'ECONNRESET', response: { status: 200 } }),
      'transient',
    ],
    [
      'a status of its own before its answer’s',
      withFields({ status: 429, response: { status: 404 } }),
      'throttled',
    ],
    ['an HTTP/2 session that is left', withFields({ code: 'ERR_HTTP2_GOAWAY_SESSION' }), 'transient'],
    ['an HTTP/2 session that broke', withFields({ code: 'ERR_HTTP2_SESSION_ERROR' }), 'transient'],
    ['an HTTP/2 stream that broke', withFields({ code: 'ERR_HTTP2_STREAM_ERROR' }), 'transient'],
    ['an answer as a value', new Response('', { status: 429 }), 'throttled'],
    ['an answer that is none of a failure', new Response('', { status: 200 }), 'unknown'],
    ['a reason that every object has', withFields({ errors: [{ reason: 'constructor' }] }), 'unknown'],
    ['a reason that is no text', withFields({ errors: [{ reason: ['timeout'] }] }), 'unknown'],
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

  describe('of a small number that is no code of gRPC', () => {
    it.each(Array.from({ length: 17 }, (_, code) => code))('says that it does not know: %d', (code) => {
      expect(classify(withFields({ code }))).toEqual({ kind: 'unknown' });
      for (const field of ['status', 'statusCode'])
        expect(classify(withFields({ [field]: code, details: 'x' }))).toEqual({ kind: 'unknown' });
      expect(classify(withFields({ code: String(code), details: 'x' }))).toEqual({ kind: 'unknown' });
    });

    it.each([1, 14])('as a process ends with: %d', async (code) => {
      const script = `process.exit(${code})`;
      const ended = await promisify(execFile)(process.execPath, ['-e', script]).catch(
        (error: unknown) => error,
      );
      expect(ended).toMatchObject({ code });
      expect(classify(ended)).toEqual({ kind: 'unknown' });
      expect(() => execFileSync(process.execPath, ['-e', script])).toThrow(
        expect.toSatisfy((error) => error.status === code && classify(error).kind === 'unknown'),
      );
    });

    it.each(['IndexSizeError', 'WrongDocumentError', 'NotFoundError', 'InvalidModificationError'])(
      'as a DOMException inherits: %s',
      (name) => {
        const error = new DOMException('x', name);
        expect(error.code).toBeOneOf([1, 4, 8, 13]);
        expect(classify(error)).toEqual({ kind: 'unknown' });
        expect(classify(Object.assign(error, { details: 'x' }))).toEqual({ kind: 'unknown' });
      },
    );
  });

  describe('of several errors at once', () => {
    const open = (retryAfter: number) => new CircuitOpenError('odds', retryAfter);
    const busy = withFields({ status: 429, headers: { 'retry-after': '60' } });

    it('takes the kind of the one most worth waiting for, and waits as long as it asks', async () => {
      const refused = await Promise.any([Promise.reject(open(5_000)), Promise.reject(open(9_000))]).catch(
        (error: unknown) => error,
      );
      expect(refused).toBeInstanceOf(AggregateError);
      expect(classify(refused)).toEqual({ kind: 'rejected', retryAfter: 5_000 });
      expect(classify(new AggregateError([new TypeError('x')]))).toEqual({ kind: 'permanent' });
      expect(classify(new AggregateError([new TypeError('x'), busy, open(1)]))).toEqual({
        kind: 'throttled',
        retryAfter: 60_000,
      });
      expect(classify(new AggregateError([open(1), new AggregateError([busy])]))).toMatchObject({
        kind: 'throttled',
      });
      expect(classify(new AggregateError([open(1), new Error('x')]))).toEqual({ kind: 'unknown' });
      expect(classify(new Error('wrapped', { cause: new AggregateError([busy]) }))).toMatchObject({
        kind: 'throttled',
        retryAfter: 60_000,
      });
      expect(classify(new AggregateError([]))).toEqual({ kind: 'unknown' });
    });

    it('takes what it says of itself first, and then its cause', async () => {
      const socket = connect({ host: 'localhost', port: 1, autoSelectFamily: true });
      const [refused] = await once(socket, 'error');
      expect(classify(refused)).toEqual({ kind: 'transient' });
      const errors = [withFields({ status: 404 })];
      expect(classify(Object.assign(new AggregateError(errors), { code: 'ECONNREFUSED' }))).toEqual({
        kind: 'transient',
      });
      expect(classify(new AggregateError(errors, 'x', { cause: busy }))).toEqual({
        kind: 'throttled',
        retryAfter: 60_000,
      });
      expect(classify(new AggregateError(errors, 'x', { cause: new Error('says nothing') }))).toEqual({
        kind: 'permanent',
      });
    });

    it('ends where they hold themselves, or one another, after few looks', () => {
      let looks = 0;
      const many = Array.from({ length: 10 }, () => new AggregateError([]));
      const holding = (errors: (self: Error) => readonly unknown[]) => {
        looks = 0;
        for (const one of many)
          Object.defineProperty(one, 'errors', {
            configurable: true,
            get() {
              looks++;
              return errors(one);
            },
          });
        return many[0];
      };
      expect(classify(holding((self) => [self, busy]))).toEqual({ kind: 'throttled', retryAfter: 60_000 });
      expect(classify(holding((self) => Array(100).fill(self)))).toEqual({ kind: 'unknown' });
      expect(looks).toBeLessThan(100);
      expect(classify(holding(() => many))).toEqual({ kind: 'unknown' });
      expect(looks).toBeLessThan(10_000);
    });

    it('says that it does not know where they can’t be looked at', () => {
      expect(classify(Object.assign(new AggregateError([]), { errors: 5 }))).toEqual({ kind: 'unknown' });
    });
  });

  it.each([
    ['seconds', { status: 503, headers: { 'Retry-After': '120' } }, 120_000],
    ['a date', { status: 503, headers: { 'retry-after': 'Fri, 16 Jan 2026 09:00:30 GMT' } }, 30_000],
    ['a date that is over', { status: 503, headers: { 'retry-after': 'Fri, 16 Jan 2026 08:00:00 GMT' } }, 0],
    ['a Headers object', { status: 429, headers: new Headers({ 'retry-after': '2' }) }, 2_000],
    ['the response inside', { status: 429, response: { headers: { 'retry-after': '2' } } }, 2_000],
    ['a Response', new Response('', { status: 429, headers: { 'retry-after': '2' } }), 2_000],
    ['a refusal that may pass', { status: 403, response: { headers: { 'retry-after': '2' } } }, 2_000],
    ['a time-out of the service', { status: 408, headers: { 'retry-after': '2' } }, 2_000],
    ['an error of no known kind', { headers: { 'retry-after': '2' } }, 2_000],
    ["gRPC's deadline", { code: 4, statusDetails: [{ retryDelay: { seconds: 60 } }] }, 60_000],
    ['its own field', { retryAfter: 60 }, 60],
    ['its cause', { status: 503, cause: { retryAfter: 60 } }, 60],
    ['its own field, not its cause', { retryAfter: 60, cause: { retryAfter: 70 } }, 60],
    ['a header, not a field of no known unit', { retryAfter: 60, headers: { 'retry-after': '60' } }, 60_000],
    [
      'the response inside, not a field of no known unit',
      { retryAfter: 60, response: { headers: { 'retry-after': '60' } } },
      60_000,
    ],
    ["Google's RetryInfo, not a field", { retryAfter: 60, details: [{ retryDelay: '60s' }] }, 60_000],
    [
      'the header, not RetryInfo',
      { headers: { 'retry-after': '2' }, statusDetails: [{ retryDelay: '60s' }] },
      2_000,
    ],
    [
      'our own error’s milliseconds before all',
      Object.assign(new RateLimitError('x', 60), { headers: { 'retry-after': '60' } }),
      60,
    ],
    ['our own error’s cause', new TimeoutError('late', 10, { cause: { retryAfter: 60 } }), 60],
    ['nobody, of what its caller ended', { name: 'AbortError', headers: { 'retry-after': '2' } }, undefined],
    ['a field that is no time', { retryAfter: -1 }, undefined],
    ["Google's RetryInfo as JSON", { code: 8, statusDetails: [{ retryDelay: '1.5s' }] }, 1_500],
    [
      "Google's RetryInfo decoded",
      { code: 14, statusDetails: [{}, { retryDelay: { seconds: '2', nanos: 5e8 } }] },
      2_500,
    ],
    ['nonsense', { status: 503, headers: { 'retry-after': 'soon' } }, undefined],
  ])('reads how long to wait from %s', (_what, fields, wait) => {
    const given = fields instanceof Error || fields instanceof Response ? fields : withFields(fields);
    expect(classify(given, { wallNow: Date.parse('2026-01-16T09:00:00Z') }).retryAfter).toBe(wait);
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
