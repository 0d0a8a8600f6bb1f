import { describe, expect, expectTypeOf, it } from 'vitest';
import { type Attempt, type ErrorKind, fallback, type Outcome, type Policy, retry } from './index.ts';

const policy: Policy = retry();

class Cancelable<T> extends Promise<T> {
  cancel(): void {}
}

/** What must not compile is never run: the checks are the compiler's. */
function onlyCompiled(_refused: () => void): void {}

describe('the type of a wrapped function', () => {
  it('is its own where it gives a promise: parameters, optional ones, the rest and `this`', async () => {
    async function load(this: { readonly league: string }, team: string, season = 2026, ...fields: string[]) {
      return [this.league, team, season, ...fields];
    }
    const wrapped = policy.wrap(load);
    expectTypeOf(wrapped).toEqualTypeOf<
      (
        this: { readonly league: string },
        team: string,
        season?: number,
        ...fields: string[]
      ) => Promise<(string | number)[]>
    >();
    const nba = { league: 'nba', wrapped };
    expect(await nba.wrapped('BOS')).toEqual(['nba', 'BOS', 2026]);
    expect(await nba.wrapped('BOS', 2025, 'points', 'wins')).toEqual(['nba', 'BOS', 2025, 'points', 'wins']);
    onlyCompiled(() => {
      // @ts-expect-error it is called on nothing
      wrapped('BOS');
      // @ts-expect-error the team is missing
      nba.wrapped();
      // @ts-expect-error the season is a number
      nba.wrapped('BOS', '2025');
      // @ts-expect-error the fields are text
      nba.wrapped('BOS', 2025, 7);
      // @ts-expect-error it is called on something without a league
      ({ wrapped }).wrapped('BOS');
    });
  });

  it('has a promise for a result that is none', async () => {
    const length = policy.wrap((team: string, times?: number) => team.length * (times ?? 1));
    expectTypeOf(length).toEqualTypeOf<(this: unknown, team: string, times?: number) => Promise<number>>();
    expect(length('BOS')).toBeInstanceOf(Promise);
    expect(await length('BOS', 2)).toBe(6);
    const sometimes = policy.wrap((now: boolean): number | Promise<string> =>
      now ? 1 : Promise.resolve('later'),
    );
    expectTypeOf(sometimes).returns.toEqualTypeOf<Promise<number | string>>();
    expect(await Promise.all([sometimes(true), sometimes(false)])).toEqual([1, 'later']);
    const thenable = policy.wrap((): PromiseLike<number> => Promise.resolve(1));
    expectTypeOf(thenable).returns.toEqualTypeOf<Promise<number>>();
    const fails = policy.wrap((): never => {
      throw new TypeError('always');
    });
    expectTypeOf(fails).returns.toEqualTypeOf<Promise<never>>();
    await expect(fails()).rejects.toThrow('always');
    // biome-ignore lint/suspicious/noExplicitAny: it is about functions that say nothing of their result
    expectTypeOf(policy.wrap((text: string): any => JSON.parse(text))).returns.toEqualTypeOf<Promise<any>>();
    onlyCompiled(() => {
      // @ts-expect-error a promise has no such method
      length('BOS').toFixed();
    });
  });

  it('has a plain promise for one of a class of its own', async () => {
    const wrapped = policy.wrap((team: string) => Cancelable.resolve(team) as Cancelable<string>);
    expectTypeOf(wrapped).toEqualTypeOf<(this: unknown, team: string) => Promise<string>>();
    const result = wrapped('BOS');
    expect(result).not.toHaveProperty('cancel');
    expect(await result).toBe('BOS');
    // @ts-expect-error so is there no method of that class
    expectTypeOf(wrapped('BOS').cancel).toBeUndefined();
  });

  it('is without the properties that the function has', async () => {
    const load = Object.assign(async (team: string) => team, { version: 1 });
    const wrapped = policy.wrap(load);
    expectTypeOf(wrapped).toEqualTypeOf<(this: unknown, team: string) => Promise<string>>();
    expect(wrapped).not.toHaveProperty('version');
    expect(await wrapped('BOS')).toBe('BOS');
    // @ts-expect-error so is it not known of
    expectTypeOf(wrapped.version).toBeUndefined();
  });

  it('keeps its own parameters of type where it gives a promise, and what bounds them where not', async () => {
    const first = policy.wrap(async <T extends { readonly id: string }>(rows: readonly T[]) => rows[0]);
    expectTypeOf(first([{ id: 'BOS', wins: 3 }])).toEqualTypeOf<
      Promise<{ id: string; wins: number } | undefined>
    >();
    expect(await first([{ id: 'BOS', wins: 3 }])).toEqual({ id: 'BOS', wins: 3 });
    const at = policy.wrap(<T extends string>(value: T): T => value);
    expectTypeOf(at).toEqualTypeOf<(this: unknown, value: string) => Promise<string>>();
    onlyCompiled(() => {
      // @ts-expect-error without an id
      first([{ wins: 3 }]);
    });
  });

  it('has all overloads where each gives a promise, else the last alone', async () => {
    function load(team: string): Promise<string>;
    function load(id: number): Promise<number>;
    async function load(key: string | number) {
      return key;
    }
    const wrapped = policy.wrap(load);
    expectTypeOf(wrapped('BOS')).toEqualTypeOf<Promise<string>>();
    expectTypeOf(wrapped(7)).toEqualTypeOf<Promise<number>>();
    expect(await Promise.all([wrapped('BOS'), wrapped(7)])).toEqual(['BOS', 7]);

    function known(team: string): string;
    function known(id: number): Promise<number>;
    function known(key: string | number) {
      return typeof key === 'string' ? key : Promise.resolve(key);
    }
    expectTypeOf(policy.wrap(known)).toEqualTypeOf<(this: unknown, id: number) => Promise<number>>();
    onlyCompiled(() => {
      // @ts-expect-error the first gives no promise
      policy.wrap(known)('BOS');
    });
  });

  it('has what else may come out', () => {
    const orNothing = fallback(() => null);
    expectTypeOf(orNothing.wrap(async (team: string) => team.length)).toEqualTypeOf<
      (this: unknown, team: string) => Promise<number | null>
    >();
    expectTypeOf(orNothing.wrap((team: string) => team.length)).returns.toEqualTypeOf<
      Promise<number | null>
    >();
  });

  it('is of functions alone', () => {
    // @ts-expect-error no function
    expect(() => policy.wrap(7)).toThrow('wrap must be given a function');
    onlyCompiled(() => {
      // @ts-expect-error made by `new` only
      policy.wrap(Cancelable);
    });
  });
});

describe('the type of a call', () => {
  it('is that of the operation, whether it gives a promise or not', async () => {
    expectTypeOf(policy.execute(() => 7)).toEqualTypeOf<Promise<number>>();
    expectTypeOf(policy.execute(async () => 'BOS')).toEqualTypeOf<Promise<string>>();
    expectTypeOf(policy.executeOutcome(async () => 'BOS')).toEqualTypeOf<Promise<Outcome<string>>>();
    expectTypeOf(policy.execute).parameter(0).parameter(0).toEqualTypeOf<Attempt>();
    expectTypeOf(fallback(() => null).execute(() => 7)).toEqualTypeOf<Promise<number | null>>();
    const outcome = await policy.executeOutcome(() => 7);
    if (outcome.ok) expectTypeOf(outcome.value).toEqualTypeOf<number>();
    else
      expectTypeOf(outcome).toEqualTypeOf<{
        readonly ok: false;
        readonly error: unknown;
        readonly kind: ErrorKind;
      }>();
    expect(outcome).toEqual({ ok: true, value: 7 });
    onlyCompiled(() => {
      // @ts-expect-error it must be looked at first
      outcome.value.toFixed();
      // @ts-expect-error no such option
      policy.execute(() => 7, { timeout: 1 });
      // @ts-expect-error an attempt has no retries
      policy.execute(({ retries }) => retries);
    });
  });

  it('gives an outcome that names what it was called with that is wrong', async () => {
    const policy = retry();
    expect(await policy.executeOutcome(() => 1, { deadline: Number.NaN })).toMatchObject({
      ok: false,
      error: { message: 'execute.deadline must be monotonic milliseconds, or Infinity, received NaN' },
    });
  });
});
