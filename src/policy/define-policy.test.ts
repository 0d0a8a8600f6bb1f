import { describe, expect, it } from 'vitest';
import { flaky, hanging } from '../../test/policies/operations.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { ConfigurationError, compose, constant, definePolicy, retry, timeout } from './index.ts';

describe('a policy of your own', () => {
  it('stands between others, and sees each attempt', async () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    const logged = definePolicy('logged', async (next, { attempt }) => {
      seen.push(attempt);
      return next();
    });
    const policy = compose(
      retry({ backoff: constant('1s'), clock }),
      logged,
      timeout({ after: '10s', clock }),
    );
    await expect(clock.runUntil(policy.execute(flaky(2)))).resolves.toBe(3);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('hands the deadline and the signal down', async () => {
    const clock = new VirtualClock();
    const through = definePolicy('through', (next) => next());
    const policy = compose(timeout({ after: '5s', clock }), through, timeout({ after: '1h', clock }));
    let remaining = 0;
    let signal: AbortSignal | undefined;
    const result = policy.executeOutcome((attempt) => {
      remaining = attempt.remaining();
      signal = attempt.signal;
      return hanging();
    });
    await clock.advance('5s');
    expect(await result).toMatchObject({ ok: false, kind: 'timeout' });
    expect(remaining).toBe(5_000);
    expect(signal?.aborted).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it('may call what is inside several times, or not at all', async () => {
    const twice = definePolicy('twice', async (next) => {
      await next();
      return next();
    });
    let calls = 0;
    await twice.execute(() => {
      calls += 1;
    });
    expect(calls).toBe(2);
    const never = definePolicy<string>('never', () => 'nothing');
    await expect(never.execute(() => 1)).resolves.toBe('nothing');
  });

  it('keeps `this`, the arguments and the result of what it wraps', async () => {
    const through = definePolicy('through', (next) => next());
    const source = {
      rate: 2,
      convert: through.wrap(async function (this: { rate: number }, amount: number) {
        return amount * this.rate;
      }),
    };
    expect(await source.convert(21)).toBe(42);
  });

  it.each([
    ['deadline', { deadline: Number.NaN }],
    ['deadline', { deadline: '5s' }],
    ['deadline', { deadline: null }],
    ['signal', { signal: {} }],
    ['signal', { signal: null }],
    ['options', null],
    ['options', 5],
  ])(
    'refuses a wrong %s for what is inside, and goes on with the other calls: %o',
    async (field, options) => {
      const clock = new VirtualClock();
      const outer = timeout({ after: '10s', clock });
      const pending = outer.executeOutcome(hanging);
      const wrong = definePolicy('mine', (next) => next(options as never));
      let calls = 0;
      const made = compose(outer, wrong, timeout({ after: '5s', clock })).executeOutcome(() => calls++);
      expect(await made).toMatchObject({
        ok: false,
        error: { message: expect.stringContaining(`definePolicy.mine.next.${field} must be`) },
      });
      await expect(made.then((outcome) => !outcome.ok && outcome.error)).resolves.toBeInstanceOf(
        ConfigurationError,
      );
      expect(calls).toBe(0);
      await clock.advance('10s');
      expect(await pending).toMatchObject({ ok: false, kind: 'timeout' });
      expect(clock.pendingTimers).toBe(0);
    },
  );

  it('passes no more down than a signal and a deadline, whatever it is given', async () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    const meddling = definePolicy('meddling', (next) =>
      next({ deadline: 100, attempt: 7, parent: {} } as never),
    );
    const policy = compose(meddling, timeout({ after: '5s', clock }));
    await policy.execute(({ attempt, deadline }) => seen.push(attempt, deadline));
    await definePolicy('unbounded', (next) => next({ deadline: Infinity })).execute(({ deadline }) =>
      seen.push(deadline),
    );
    expect(seen).toEqual([1, 100, Infinity]);
  });

  it('refuses one without a name or a function', () => {
    expect(() => definePolicy('', (next) => next())).toThrow('definePolicy.name');
    expect(() => definePolicy('x', 7 as never)).toThrow('definePolicy.x must be a function');
  });
});
