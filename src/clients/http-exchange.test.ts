import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimeoutError } from '../errors/index.ts';
import { VirtualClock } from '../testing/index.ts';
import type { HttpRequestOptions } from './http.ts';
import { httpCalls } from './http-calls.ts';
import type { HttpTransportListener } from './http-transport.ts';

/** A call whose transport the test plays. */
function call(options: HttpRequestOptions = {}) {
  const clock = new VirtualClock();
  let transport: HttpTransportListener | undefined;
  let cancelled = 0;
  const client = httpCalls(
    (_request, listener) => {
      transport = listener;
    },
    { clock },
  );
  let outcome: unknown;
  const settled = client.request('http://odds.example/v1?key=1', options).then(
    (response) => {
      outcome = response.text();
    },
    (error: unknown) => {
      outcome = error;
    },
  );
  return {
    clock,
    transport: transport as HttpTransportListener,
    start: () =>
      transport?.started(() => {
        cancelled += 1;
      }),
    settled,
    outcome: () => outcome,
    cancelled: () => cancelled,
  };
}

const piece = new TextEncoder().encode('ab');

describe('one HTTP request', () => {
  it('goes on as long as its body does, and ends when that stands still', async () => {
    const { clock, transport, start, outcome, cancelled } = call({ headersTimeout: '4s', bodyTimeout: '2s' });
    await clock.advance('5s');
    start();
    await clock.advance(3_999);
    transport.head(200, {});
    for (let count = 0; count < 5; count++) {
      await clock.advance(1_999);
      transport.data(piece);
    }
    expect(outcome()).toBeUndefined();
    await clock.advance(1_999);
    expect(outcome()).toBeUndefined();
    await clock.advance(1);
    expect(outcome()).toMatchObject({
      name: TimeoutError.name,
      after: 2_000,
      message: 'GET http://odds.example/v1 got no more of its answer within 2000 ms',
    });
    expect(cancelled()).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends by its own time though the body never stands still', async () => {
    const { clock, transport, start, outcome } = call({ timeout: '10s', bodyTimeout: '2s' });
    start();
    transport.head(200, {});
    for (let second = 1; second < 10; second++) {
      await clock.advance('1s');
      transport.data(piece);
    }
    expect(outcome()).toBeUndefined();
    await clock.advance('1s');
    expect(outcome()).toMatchObject({
      after: 10_000,
      message: 'GET http://odds.example/v1 was not done within 10000 ms',
    });
  });

  it('does not let a request be sent that nobody waits for', async () => {
    const { clock, start, settled, outcome, cancelled } = call({ timeout: '1s' });
    await clock.advance('1s');
    await settled;
    expect(outcome()).toBeInstanceOf(TimeoutError);
    expect(start()).toBe(false);
    expect(cancelled()).toBe(0);
  });

  it('fails where its transport throws', async () => {
    const clock = new VirtualClock();
    const client = httpCalls(
      () => {
        throw Object.assign(new Error('no'), { code: 'ECONNREFUSED' });
      },
      { clock },
    );
    await expect(client.request('http://odds.example/')).rejects.toMatchObject({ kind: 'transient' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('settles once, in time, and leaves nothing, whatever happens in whatever order', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('advance' as const), by: fc.integer({ min: 0, max: 4_000 }) }),
      fc.record({ kind: fc.constantFrom('start', 'data', 'end', 'fail', 'abort') }),
      fc.record({ kind: fc.constant('head' as const), status: fc.constantFrom(200, 204, 404, 503) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const caller = new AbortController();
        const reason = Symbol('enough');
        const bounds = { timeout: 10_000, headersTimeout: 3_000, bodyTimeout: 2_000, maxBytes: 9 };
        const { clock, transport, start, outcome, cancelled } = call({ ...bounds, signal: caller.signal });
        const from = clock.now();
        let started: number | undefined;
        let seen: unknown;
        for (const one of steps) {
          const settled = outcome() !== undefined;
          if (one.kind === 'advance') await clock.advance((one as { by: number }).by);
          else if (one.kind === 'start' && started === undefined) {
            expect(start()).toBe(!settled);
            started = clock.now();
          } else if (one.kind === 'head') transport.head((one as { status: number }).status, {});
          else if (one.kind === 'data') transport.data(piece);
          else if (one.kind === 'end') transport.end();
          else if (one.kind === 'fail') transport.failed(new Error('broken'));
          else if (one.kind === 'abort' && !caller.signal.aborted) {
            caller.abort(reason);
            await clock.advance(0);
            if (!settled) expect(outcome()).toBe(reason);
          }
          await clock.advance(0);
          // What it has come to stands.
          if (seen !== undefined) expect(outcome()).toBe(seen);
          seen = outcome();
          if (clock.now() - from >= bounds.timeout) expect(seen).toBeDefined();
          if (seen !== undefined) {
            expect(clock.pendingTimers).toBe(0);
            expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
          }
          expect(cancelled()).toBeLessThanOrEqual(1);
        }
        await clock.advance(bounds.timeout);
        expect(outcome()).toBeDefined();
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
