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

  it('around a function keep its shape and its result', async () => {
    const { set } = setup();
    const add = async (a: number, b: number) => a + b;
    const flaky = set.script(['fail']).wrap(add);
    expectTypeOf(flaky).toEqualTypeOf<typeof add>();
    await expect(flaky(1, 2)).rejects.toMatchObject({ kind: 'transient' });
    expect(await flaky(1, 2)).toBe(3);
  });

  it.each([-0.1, 1.1, Number.NaN])('refuse the rate %d', (rate) => {
    expect(() => setup().set.fail({ rate })).toThrow(ConfigurationError);
  });

  it('refuse a wrong delay and an unknown word before any call', () => {
    const { set } = setup();
    expect(() => set.delay({ rate: 0.5, by: 'soon' })).toThrow(ConfigurationError);
    expect(() => set.throttle({ rate: 0.5, retryAfter: -1 })).toThrow(ConfigurationError);
    expect(() => set.script(['explode' as never])).toThrow(ConfigurationError);
  });
});
