import { describe, expect, expectTypeOf, it } from 'vitest';
import { ConfigurationError, classify } from '../errors/index.ts';
import { type Fault, faults } from './faults.ts';
import { seededRandom } from './seeded-random.ts';
import { VirtualClock } from './virtual-clock.ts';

class Odds {
  readonly #book = 'caesars';
  made = 0;

  async fetch(game: string, _options: { readonly signal?: AbortSignal } = {}): Promise<string> {
    this.made++;
    return `${this.#book}: ${game}`;
  }

  async list(): Promise<number> {
    return this.made;
  }

  name(): string {
    return this.#book;
  }
}

function setup(seed = 7) {
  const clock = new VirtualClock();
  return { clock, odds: new Odds(), set: faults({ clock, random: seededRandom(seed) }) };
}
const outcome = (call: Promise<unknown>) =>
  call.then(
    () => 'ok',
    (error: unknown) => classify(error).kind,
  );

describe('faults', () => {
  describe('by script', () => {
    it('happen in order, then no more', async () => {
      const { odds, set } = setup();
      const flaky = set.script(['ok', 'fail', 'throttle', 'ok']).wrap(odds, ['fetch']);
      const seen = [];
      for (let call = 0; call < 6; call++) seen.push(await outcome(flaky.fetch('a')));
      expect(seen).toEqual(['ok', 'transient', 'throttled', 'ok', 'ok', 'ok']);
      expect(odds.made).toBe(4);
    });

    it('start at the beginning for each method', async () => {
      const { odds, set } = setup();
      const flaky = set.script(['fail']).wrap(odds, ['fetch', 'list']);
      for (const call of [() => flaky.fetch('a'), () => flaky.list()]) {
        expect([await outcome(call()), await outcome(call())]).toEqual(['transient', 'ok']);
      }
    });

    it('throw the error that is given, or that is made each time', async () => {
      const { odds, set } = setup();
      const error = new Error('mine');
      const script: Fault[] = [{ fail: error }, { fail: () => new Error('made') }];
      const flaky = set.script(script).wrap(odds, ['fetch']);
      await expect(flaky.fetch('a')).rejects.toBe(error);
      await expect(flaky.fetch('a')).rejects.toThrow('made');
    });

    it('delay a call on the clock', async () => {
      const { clock, odds, set } = setup();
      const slow = set.script([{ delay: '2s' }]).wrap(odds, ['fetch']);
      const call = slow.fetch('a');
      await clock.advance(1_999);
      expect(odds.made).toBe(0);
      await clock.advance(1);
      expect(await call).toBe('caesars: a');
    });

    it('ask to wait when they throttle', async () => {
      const { odds, set } = setup();
      const busy = set.script([{ throttle: { retryAfter: '30s' } }]).wrap(odds, ['fetch']);
      await expect(busy.fetch('a')).rejects.toMatchObject({ kind: 'throttled', retryAfter: 30_000 });
    });

    it('end a hanging or delayed call with the caller’s own reason', async () => {
      const { clock, odds, set } = setup();
      const flaky = set.script(['hang', { delay: '1h' }]).wrap(odds, ['fetch']);
      for (let call = 0; call < 2; call++) {
        const controller = new AbortController();
        const reason = new Error('the run is over');
        const result = flaky.fetch('a', { signal: controller.signal });
        controller.abort(reason);
        await expect(result).rejects.toBe(reason);
      }
      expect([odds.made, clock.pendingTimers]).toEqual([0, 0]);
    });

    it('hang for ever where there is no signal', async () => {
      const { clock, odds, set } = setup();
      let settled = false;
      void outcome(set.script(['hang']).wrap(odds, ['fetch']).fetch('a')).then(() => {
        settled = true;
      });
      await clock.advance('10d');
      expect(settled).toBe(false);
    });
  });

  describe('by rate', () => {
    const outcomes = async (seed: number) => {
      const { odds, set } = setup(seed);
      const flaky = set.fail({ rate: 0.2 }).throttle({ rate: 0.1, retryAfter: '1s' }).wrap(odds, ['fetch']);
      const seen = [];
      for (let call = 0; call < 5_000; call++) seen.push(await outcome(flaky.fetch('a')));
      return seen;
    };

    it('are as frequent as they say', async () => {
      const seen = await outcomes(7);
      const share = (kind: string) => seen.filter((each) => each === kind).length / seen.length;
      expect(share('transient')).toBeCloseTo(0.2, 1);
      // Those that did not fail first.
      expect(share('throttled')).toBeCloseTo(0.08, 1);
      expect(share('ok')).toBeCloseTo(0.72, 1);
    });

    it('are the same for the same seed, and others for another', async () => {
      expect(await outcomes(7)).toEqual(await outcomes(7));
      expect(await outcomes(7)).not.toEqual(await outcomes(8));
    });

    it('are none at 0 and all at 1', async () => {
      const { odds, set } = setup();
      const never = set.fail({ rate: 0 }).hang({ rate: 0 }).wrap(odds, ['fetch']);
      const always = set.fail({ rate: 1, error: new TypeError('bad') }).wrap(odds, ['fetch']);
      for (let call = 0; call < 50; call++) {
        expect(await outcome(never.fetch('a'))).toBe('ok');
        expect(await outcome(always.fetch('a'))).toBe('permanent');
      }
    });

    it('can both delay and fail a call', async () => {
      const { clock, odds, set } = setup();
      const flaky = set.delay({ rate: 1, by: '1s' }).fail({ rate: 1 }).wrap(odds, ['fetch']);
      const result = outcome(flaky.fetch('a'));
      await clock.advance('1s');
      expect(await result).toBe('transient');
    });
  });

  describe('around a client', () => {
    it('touch the named methods alone, and leave the client itself as it was', async () => {
      const { odds, set } = setup();
      const flaky = set.fail({ rate: 1 }).wrap(odds, ['fetch']);
      expect(await outcome(flaky.fetch('a'))).toBe('transient');
      expect(await flaky.list()).toBe(0);
      expect(flaky.name()).toBe('caesars');
      expect(flaky.made).toBe(0);
      expect(flaky).toBeInstanceOf(Odds);
      expect(await odds.fetch('a')).toBe('caesars: a');
    });

    it('can be built on one another without changing one another', async () => {
      const { odds, set } = setup();
      const base = set.fail({ rate: 0 });
      base.fail({ rate: 1 });
      base.script(['fail']);
      expect(await outcome(base.wrap(odds, ['fetch']).fetch('a'))).toBe('ok');
    });

    it('keep the types', () => {
      const { odds, set } = setup();
      expectTypeOf(set.wrap(odds, ['fetch', 'list'])).toEqualTypeOf<Odds>();
      // @ts-expect-error: faults go into methods that give promises.
      set.wrap(odds, ['name']);
      expect(() => set.wrap(odds, ['made' as never])).toThrow(ConfigurationError);
    });
  });

  describe('around an object', () => {
    const all = (target: object, methods: readonly string[] = []) =>
      setup()
        .set.script(['fail'])
        .wrap(target, methods as never[]) as Record<string, unknown>;

    it('that is frozen, sealed, or has fixed parts, touch the named methods alone', async () => {
      const make = () => ({ query: async () => 1, other: () => 2, size: 3 });
      const fixed = Object.defineProperty(make(), 'query', { configurable: false, writable: false });
      for (const target of [Object.freeze(make()), Object.seal(make()), fixed, make()]) {
        const { set } = setup();
        const flaky = set.script(['fail']).wrap(target, ['query']);
        expect(await outcome(flaky.query())).toBe('transient');
        expect(await flaky.query()).toBe(1);
        expect([flaky.other(), flaky.size]).toEqual([2, 3]);
        expect(Object.keys(flaky)).toEqual(['query', 'other', 'size']);
        const copied = { ...flaky };
        expect(copied).toMatchObject({ query: expect.any(Function), size: 3 });
        expect(Object.getOwnPropertyDescriptor(flaky, 'query')?.value).toBe(flaky.query);
      }
      expect(() => {
        all(Object.freeze({ size: 3 })).size = 4;
      }).toThrow(TypeError);
    });

    it('leave its parts what they are', () => {
      const symbol = Symbol('s');
      const target = {
        a: 1,
        get twice() {
          return this.a * 2;
        },
        [symbol]: 3,
        b: undefined,
      };
      const flaky = all(target);
      expect(['a' in flaky, 'b' in flaky, 'c' in flaky, symbol in flaky, 'toString' in flaky]).toEqual([
        true,
        true,
        false,
        true,
        true,
      ]);
      expect(Object.hasOwn(flaky, 'a')).toBe(true);
      expect(Object.hasOwn(flaky, 'toString')).toBe(false);
      expect({ ...flaky }).toEqual({ a: 1, twice: 2, [symbol]: 3, b: undefined });
      expect(JSON.stringify(flaky)).toBe('{"a":1,"twice":2}');
      flaky.a = 5;
      flaky.c = 6;
      delete flaky.b;
      Object.defineProperty(flaky, 'd', { value: 7, configurable: true });
      expect([target.a, flaky.twice]).toEqual([5, 10]);
      expect(target).toMatchObject({ c: 6, d: 7 });
      expect('b' in target).toBe(false);
      expect(() => Object.preventExtensions(flaky)).toThrow(TypeError);
      expect(Object.isExtensible(target)).toBe(true);
    });

    it('set through the setters of a class with private fields, and not through what inherits from them', () => {
      class Priced {
        #price = 1;
        get price() {
          return this.#price;
        }
        set price(price: number) {
          this.#price = price;
        }
      }
      const target = new Priced();
      const flaky = all(target);
      flaky.price = 2;
      expect([target.price, flaky.price]).toEqual([2, 2]);
      expect(Object.getPrototypeOf(flaky)).toBe(Priced.prototype);
      const plain = { size: 1 };
      const child = Object.create(all(plain));
      child.size = 2;
      expect([plain.size, child.size]).toEqual([1, 2]);
    });
  });

  it('around a function keep its shape and its result', async () => {
    const { set } = setup();
    const add = async (a: number, b: number) => a + b;
    const flaky = set.script(['fail']).wrap(add);
    expectTypeOf(flaky).toEqualTypeOf<typeof add>();
    await expect(flaky(1, 2)).rejects.toMatchObject({ kind: 'transient' });
    expect(await flaky(1, 2)).toBe(3);
  });

  describe('refuse, before any call and by name', () => {
    const clock = new VirtualClock();
    const random = () => 0;
    const set = () => faults({ clock, random });
    const anything = (call: (given: never) => unknown, given: unknown) => () => call(given as never);

    it.each<[unknown, RegExp]>([
      [null, /^faults must be given an object of options, received null$/],
      [5, /^faults must be .*, received 5$/],
      [{}, /^faults\.clock must be a clock, received undefined$/],
      [{ clock: 'x', random }, /^faults\.clock must be a clock, received "x"$/],
      [{ clock: null, random }, /^faults\.clock must be a clock, received null$/],
      [{ clock: { now: () => 0 }, random }, /^faults\.clock must be a clock, received an object with now$/],
      [
        { clock: { now: () => 0, setTimer: () => {} }, random },
        /^faults\.clock must be a clock, received an object with now, setTimer$/,
      ],
      [{ clock }, /^faults\.random must be a function, received undefined$/],
      [{ clock, random: 0.5 }, /^faults\.random must be a function, received 0.5$/],
    ])('the options %o', (given, message) => {
      expect(anything(faults, given)).toThrow(ConfigurationError);
      expect(anything(faults, given)).toThrow(message);
    });

    describe.each(['fail', 'delay', 'hang', 'throttle'] as const)('of %s', (method) => {
      it.each([undefined, null, 5, 'x'])('the options %o', (given) => {
        const call = anything(set()[method], given);
        expect(call).toThrow(ConfigurationError);
        expect(call).toThrow(new RegExp(`^faults\\.${method} must be given an object of options`));
      });

      it.each([undefined, null, true, '', '0.5', [], {}, -0.1, 1.1, Number.NaN, 1n])(
        'the rate %o',
        (rate) => {
          const call = anything(set()[method], { rate, by: '1s' });
          expect(call).toThrow(ConfigurationError);
          expect(call).toThrow(
            new RegExp(`^faults\\.${method}\\.rate must be a number from 0 to 1, received `),
          );
        },
      );
    });

    it.each([undefined, null, 'soon', '', -1, {}])('the delay %o', (by) => {
      expect(anything(set().delay, { rate: 0.5, by })).toThrow(
        /^faults\.delay\.by must be a finite duration/,
      );
    });

    it.each([null, 'soon', -1, true])('the time to wait %o', (retryAfter) => {
      expect(anything(set().throttle, { rate: 0.5, retryAfter })).toThrow(
        /^faults\.throttle\.retryAfter must be a finite duration/,
      );
    });

    it.each<[unknown, RegExp]>([
      [null, /^faults\.script must be an array of faults, received null$/],
      ['ok', /^faults\.script must be an array of faults, received "ok"$/],
      [['ok', 'explode'], /^faults\.script\[1\] must be 'ok', .* received "explode"$/],
      [[null], /^faults\.script\[0\] must be .* received null$/],
      [[() => 1], /^faults\.script\[0\] must be /],
      [[{}], /^faults\.script\[0\] must be .* received an object with no fields$/],
      [[{ retryAfter: '30s' }], /^faults\.script\[0\] must be .* received an object with retryAfter$/],
      [[{ delay: '1s', fail: 1 }], /^faults\.script\[0\] must be .* received an object with delay, fail$/],
      [[{ delay: 'soon' }], /^faults\.script\[0\]\.delay must be a finite duration.* received "soon"$/],
      [[{ throttle: '30s' }], /^faults\.script\[0\]\.throttle\.retryAfter must be .* received undefined$/],
      [[{ throttle: null }], /^faults\.script\[0\]\.throttle\.retryAfter must be .* received undefined$/],
      [
        [{ throttle: { retryAfter: -1 } }],
        /^faults\.script\[0\]\.throttle\.retryAfter must be .* received -1$/,
      ],
    ])('the script %o', (given, message) => {
      expect(anything(set().script, given)).toThrow(ConfigurationError);
      expect(anything(set().script, given)).toThrow(message);
    });

    it.each<[unknown, unknown, RegExp]>([
      [null, [], /^faults\.wrap must be given an object or a function, received null$/],
      ['x', [], /^faults\.wrap must be given an object or a function, received "x"$/],
      [
        { a() {} },
        undefined,
        /^faults\.wrap\.methods must be an array of names of methods, received undefined$/,
      ],
      [{ a() {} }, 'a', /^faults\.wrap\.methods must be an array of names of methods, received "a"$/],
      [{ a() {} }, ['b'], /^faults\.wrap\.methods must be names of methods, received "b"$/],
    ])('to be wrapped around %o: %o', (target, methods, message) => {
      const call = () => set().wrap(target as never, methods as never);
      expect(call).toThrow(ConfigurationError);
      expect(call).toThrow(message);
    });
  });
});
