import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { hanging, transient } from '../../test/policies/operations.ts';
import { ServiceError } from '../errors/index.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { sleep } from '../time/index.ts';
import {
  type CircuitBreaker,
  circuitBreaker,
  compose,
  constant,
  fallback,
  type Policy,
  retry,
  timeout,
} from './index.ts';

describe('fallback', () => {
  it('gives something else instead of an error, which it gets', async () => {
    const error = transient();
    const substitute = vi.fn((_error: unknown) => 'last known');
    const result = await fallback(substitute).execute(() => Promise.reject<number>(error));
    expect(result).toBe('last known');
    expect(substitute.mock.calls).toEqual([[error]]);
    expectTypeOf(result).toEqualTypeOf<number | string>();
  });

  it('waits for a substitute that takes its time, within the time outside', async () => {
    const clock = new VirtualClock();
    const slow = fallback(() => clock.hold(Promise.resolve('slow')), { clock });
    await expect(slow.execute(() => Promise.reject(transient()))).resolves.toBe('slow');
    const bounded = compose(timeout({ after: '1s', clock }), fallback(hanging, { clock }));
    const result = bounded.executeOutcome(() => Promise.reject(transient()));
    await clock.advance('1s');
    expect(await result).toMatchObject({ ok: false, kind: 'timeout' });
  });

  it('takes no substitute that comes when the time outside was up for what it stood for', async () => {
    const clock = new VirtualClock();
    const policy = compose(
      retry({ attempts: 2, backoff: constant(0), clock }),
      timeout({ after: '1s', clock }),
      fallback(() => sleep(clock, 1_500).then(() => 'too late'), { clock }),
    );
    let calls = 0;
    const result = policy.execute(async () => {
      calls += 1;
      if (calls === 1) throw transient();
      await sleep(clock, 900);
      return 'second';
    });
    await expect(clock.runUntil(result)).resolves.toBe('second');
    expect(clock.now()).toBe(1_900);
  });

  it.each(['transient', 'throttled', 'permanent', 'timeout', 'rejected', 'unknown'] as const)(
    'takes the place of an error of the kind %s',
    async (kind) => {
      const failing = () => Promise.reject(new ServiceError('away', { service: 'odds', kind }));
      expect(await fallback(() => 'last known').execute(failing)).toBe('last known');
    },
  );

  it('gives a substitute that is nothing, and what a thenable gives', async () => {
    const failing = () => Promise.reject<number>(transient());
    expect(await fallback(() => null).execute(failing)).toBe(null);
    expect(await fallback(() => undefined).execute(failing)).toBe(undefined);
    // biome-ignore lint/suspicious/noThenProperty: it is about thenables
    const thenable = { then: (resolve: (value: number) => void) => resolve(7) };
    expect(await fallback((): unknown => thenable).execute(failing)).toBe(7);
  });

  it('gives what the substitute itself throws', async () => {
    const own = new Error('nothing known');
    const throws = fallback(() => {
      throw own;
    });
    const rejects = fallback(() => Promise.reject(own));
    await expect(throws.execute(() => Promise.reject(transient()))).rejects.toBe(own);
    await expect(rejects.execute(() => Promise.reject(transient()))).rejects.toBe(own);
  });

  it("leaves a value and the caller's own abort alone", async () => {
    const substitute = vi.fn(() => 'last known');
    const policy = fallback(substitute);
    await expect(policy.execute(() => 1)).resolves.toBe(1);
    await expect(policy.execute(() => 1, { signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
    const abort = new DOMException('stop', 'AbortError');
    await expect(policy.execute(() => Promise.reject(abort))).rejects.toBe(abort);
    expect(substitute).not.toHaveBeenCalled();
  });

  it('takes the place of values that are handled as failures', async () => {
    const policy = fallback(() => 0, { handle: (outcome) => outcome.ok && outcome.value === undefined });
    await expect(policy.execute(() => undefined)).resolves.toBe(0);
  });

  it('adds its type to what comes out of the policies around it, and keeps that of a wrapped function', () => {
    const policy = compose(
      retry(),
      fallback(() => null),
      timeout({ after: '1s' }),
    );
    expectTypeOf(policy).toEqualTypeOf<Policy<null>>();
    expectTypeOf(policy.wrap(async (team: string) => team.length)).toEqualTypeOf<
      (this: unknown, team: string) => Promise<number | null>
    >();
    const breaker: CircuitBreaker = circuitBreaker({ name: 'odds' });
    expectTypeOf(compose(breaker)).toEqualTypeOf<Policy<never>>();
  });
});
