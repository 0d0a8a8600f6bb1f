import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../errors/index.ts';
import {
  anyOf,
  consecutiveFailures,
  defineTripRule,
  failureRate,
  type Sample,
  slowCalls,
  type TripRule,
  type WindowSize,
} from './index.ts';
import { countsOf } from './trip-rule.ts';

const sample = (failed: boolean, duration = 0, rest: Partial<Sample> = {}): Sample => ({
  failed,
  duration,
  running: false,
  reportedAt: 0,
  ...rest,
});

function circle(): unknown {
  const round: unknown[] = [];
  round.push(round);
  return round;
}

/** The state after the samples, each at its time. */
function recorded(rule: TripRule, samples: readonly (readonly [now: number, sample: Sample])[]) {
  return samples.reduce((state, [now, one]) => rule.record(state, one, now), rule.initial);
}

describe('failure rate', () => {
  it('opens at its threshold, not before the minimum of calls', () => {
    const rule = failureRate({ threshold: 0.5, window: '1m', minimumCalls: 4 });
    const failures = [true, true, false].map((failed) => [0, sample(failed)] as const);
    expect(rule.trips(recorded(rule, failures), 0)).toBe(false);
    expect(rule.trips(recorded(rule, [...failures, [0, sample(false)]]), 0)).toBe(true);
    expect(rule.trips(recorded(rule, [...failures, [0, sample(false)], [0, sample(false)]]), 0)).toBe(false);
  });

  it('counts nothing older than its window, whoever called in between', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ wait: fc.integer({ min: 0, max: 2_000 }), failed: fc.boolean() }), {
          maxLength: 60,
          size: 'max',
        }),
        (calls) => {
          const rule = failureRate({ threshold: 0.5, window: 10_000, minimumCalls: 1 });
          let now = 0;
          let state = rule.initial;
          const times: { now: number; failed: boolean }[] = [];
          for (const { wait, failed } of calls) {
            now += wait;
            times.push({ now, failed });
            state = rule.record(state, sample(failed), now);
          }
          now += 500;
          // By tenths of the window: those of the present tenth and the nine before it.
          const kept = times.filter((one) => Math.floor(one.now / 1_000) > Math.floor(now / 1_000) - 10);
          const failed = kept.filter((one) => one.failed).length;
          expect(rule.trips(state, now)).toBe(kept.length > 0 && failed / kept.length >= 0.5);
        },
      ),
    );
  });

  it('counts exactly the last so many calls', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 200, size: 'max' }),
        fc.integer({ min: 1, max: 70 }),
        (failures, calls) => {
          const rule = failureRate({ threshold: 0.5, window: { calls }, minimumCalls: 1 });
          const state = recorded(
            rule,
            failures.map((failed) => [0, sample(failed)] as const),
          );
          const last = failures.slice(-calls);
          expect(rule.trips(state, 0)).toBe(
            last.length > 0 && last.filter(Boolean).length / last.length >= 0.5,
          );
        },
      ),
    );
  });

  it('keeps JSON, and never changes a state in place', () => {
    for (const window of ['10s', { calls: 40 }] as const) {
      const rule = failureRate({ threshold: 1, window });
      const before = recorded(rule, [[0, sample(true)]]);
      const copy = JSON.stringify(before);
      rule.record(before, sample(false), 99_000);
      expect(JSON.stringify(before)).toBe(copy);
      expect(JSON.parse(copy)).toEqual(before);
    }
  });

  it.each([
    [{ threshold: 0 }, 'threshold must be a number above 0 and at most 1'],
    [{ threshold: 1.1 }, 'threshold must be a number above 0 and at most 1'],
    [{ threshold: '0.5' as never }, 'threshold must be a number above 0 and at most 1'],
    [{ threshold: Number.NaN }, 'threshold must be'],
    [{ threshold: 1, window: 0 }, 'window must be'],
    [{ threshold: 1, window: 0.5 }, 'window must be at least 1 ms, received 0.5'],
    [{ threshold: 1, window: null as never }, 'window must be'],
    [{ threshold: 1, window: { calls: 1.5 } }, 'window.calls must be a whole number from 1 to 10000'],
    [{ threshold: 1, window: { calls: 0 } }, 'window.calls must be'],
    [{ threshold: 1, window: { calls: 10_001 } }, 'window.calls must be'],
    [
      { threshold: 1, window: { calls: 5 }, minimumCalls: 6 },
      "minimumCalls must be a whole number of at least 1, and at most the window's 5 calls, received 6",
    ],
    [{ threshold: 1, minimumCalls: 1.5 }, 'minimumCalls must be a whole number of at least 1, received 1.5'],
    [{ threshold: 1, minimumCalls: 0 }, 'minimumCalls must be'],
  ])('refuses %j', (options, told) => {
    expect(() => failureRate(options)).toThrow(ConfigurationError);
    expect(() => failureRate(options)).toThrow(`failureRate.${told}`);
  });

  it('takes the largest window and the smallest, and of both as many calls at least', () => {
    for (const calls of [1, 10_000])
      expect(failureRate({ threshold: 1, window: { calls }, minimumCalls: calls }).needs).toBe('nothing');
  });

  it('needs the time where its window is one of time', () => {
    const { name, needs, marks } = failureRate({ threshold: 1, window: '1m' });
    expect([name, needs, marks]).toEqual(['failureRate', 'time', undefined]);
  });

  it('takes as much room before the first call as after many', () => {
    for (const window of ['10s', { calls: 40 }] as const) {
      const rule = failureRate({ threshold: 1, window });
      let state = rule.initial;
      for (let call = 0; call < 100; call++) state = rule.record(state, sample(true), call * 700);
      expect(state).toHaveLength((rule.initial as readonly number[]).length);
      expect(new Set(rule.initial as readonly number[])).toEqual(new Set([0]));
      expect(rule.initial).toHaveLength(window === '10s' ? 21 : 5);
    }
  });

  it('forgets what a clock that is ahead has counted, once it is counted by one that is behind', () => {
    const rule = failureRate({ threshold: 1, window: '10s', minimumCalls: 1 });
    const ahead = recorded(rule, [[100_000, sample(true)]]);
    expect(rule.trips(ahead, 100_000)).toBe(true);
    expect(rule.trips(ahead, 50_000)).toBe(false);
  });

  it('does not count a call that still runs', () => {
    const rule = failureRate({ threshold: 1, minimumCalls: 1 });
    expect(rule.record(rule.initial, sample(true, 5, { running: true }), 0)).toBe(rule.initial);
  });
});

describe('slow calls', () => {
  const rule = slowCalls({ threshold: 0.5, slowerThan: '2s', window: '1m', minimumCalls: 2 });

  it('opens on calls that took too long, whether or not they failed', () => {
    expect(
      rule.trips(
        recorded(rule, [
          [0, sample(false, 1_999)],
          [0, sample(true, 1_999)],
        ]),
        0,
      ),
    ).toBe(false);
    expect(
      rule.trips(
        recorded(rule, [
          [0, sample(false, 2_000)],
          [0, sample(false, 1)],
        ]),
        0,
      ),
    ).toBe(true);
  });

  it('counts a call that is still running once it is slow, and not again when it ends', () => {
    const running = sample(false, 2_000, { running: true });
    const state = recorded(rule, [
      [0, running],
      [0, sample(true, 9_000, { reportedAt: 2_000 })],
      [0, sample(false, 1)],
    ]);
    expect(state).toEqual(
      recorded(rule, [
        [0, sample(false, 2_000)],
        [0, sample(false, 1)],
      ]),
    );
  });
});

describe('slow calls that are set wrong', () => {
  it.each([
    [{ threshold: 1, slowerThan: 0 }, 'slowCalls.slowerThan must be'],
    [{ threshold: 2, slowerThan: 1 }, 'slowCalls.threshold must be'],
  ])('are refused: %j', (options, told) => {
    expect(() => slowCalls(options)).toThrow(told);
  });

  it('have a name, and need the duration', () => {
    const { name, needs, marks } = slowCalls({ threshold: 1, slowerThan: '2s' });
    expect([name, needs, marks]).toEqual(['slowCalls', 'duration', [2_000]]);
  });
});

describe('failures in a row', () => {
  it('count what has ended, and need nothing but that', () => {
    const rule = consecutiveFailures(2);
    expect([rule.name, rule.needs, rule.initial]).toEqual(['consecutiveFailures', 'nothing', 0]);
    expect(rule.record(1, sample(true, 5, { running: true }), 0)).toBe(1);
    expect(rule.record(1, sample(false, 5, { running: true }), 0)).toBe(1);
  });

  it.each([0, -1, 1.5, Number.NaN, '3'])('are not %j', (count) => {
    expect(() => consecutiveFailures(count as never)).toThrow(ConfigurationError);
    expect(() => consecutiveFailures(count as never)).toThrow(
      'consecutiveFailures must be a whole number of at least 1',
    );
  });
});

describe('any of several rules', () => {
  const rule = anyOf(
    consecutiveFailures(3),
    slowCalls({ threshold: 1, slowerThan: '1s', minimumCalls: 2 }),
    slowCalls({ threshold: 1, slowerThan: '5s', minimumCalls: 1 }),
  );

  it('opens when one does, each by its own count', () => {
    expect(
      rule.trips(
        recorded(rule, [
          [0, sample(true)],
          [0, sample(true)],
        ]),
        0,
      ),
    ).toBe(false);
    expect(
      rule.trips(
        recorded(rule, [
          [0, sample(true)],
          [0, sample(true)],
          [0, sample(true)],
        ]),
        0,
      ),
    ).toBe(true);
    expect(
      rule.trips(
        recorded(rule, [
          [0, sample(false, 1_500)],
          [0, sample(false, 1_500)],
        ]),
        0,
      ),
    ).toBe(true);
  });

  it('reports a running call at each mark, and counts it once in each rule', () => {
    expect(rule.marks).toEqual([1_000, 5_000]);
    const first = recorded(rule, [[0, sample(false, 1_000, { running: true })]]);
    expect(rule.trips(first, 0)).toBe(false);
    expect(
      rule.trips(rule.record(first, sample(false, 5_000, { running: true, reportedAt: 1_000 }), 0), 0),
    ).toBe(true);
  });

  it('is told of by the names of its rules, and has their marks in order', () => {
    const slow = (slowerThan: string) => slowCalls({ threshold: 1, slowerThan });
    const rules = anyOf(slow('10s'), consecutiveFailures(5), slow('2s'), failureRate({ threshold: 1 }));
    expect(rules.name).toBe('anyOf(slowCalls, consecutiveFailures, slowCalls, failureRate)');
    expect(rules.marks).toEqual([2_000, 10_000]);
  });

  it('refuses none, and what is no rule', () => {
    expect(() => anyOf()).toThrow('anyOf must be given at least one trip rule');
    expect(() => anyOf({} as never)).toThrow('anyOf[0] must be a trip rule');
    expect(() => anyOf({ trips: () => true } as never)).toThrow('anyOf[0] must be a trip rule');
    expect(() => anyOf(consecutiveFailures(1), undefined as never)).toThrow('anyOf[1] must be a trip rule');
  });

  it('needs what one of them needs, and of a rule that does not say, the duration', () => {
    const failures = consecutiveFailures(1);
    const timed = failureRate({ threshold: 1 });
    const own = defineTripRule({ name: 'own', initial: 0, record: (n) => n, trips: () => false });
    const slow = slowCalls({ threshold: 1, slowerThan: 1 });
    const needs = [
      [failures, failures],
      [failures, timed],
      [timed, slow, failures],
      [failures, own],
    ];
    expect(needs.map((rules) => anyOf(...rules).needs)).toEqual(['nothing', 'time', 'duration', 'duration']);
    expect('marks' in anyOf(failures, own)).toBe(false);
  });

  it('keeps its state where nothing changes for any of them, and only there', () => {
    const rule = anyOf(consecutiveFailures(3), consecutiveFailures(5));
    expect(rule.record(rule.initial, sample(false), 0)).toBe(rule.initial);
    expect(rule.record([1, 0], sample(false), 0)).toEqual([0, 0]);
    expect(rule.record(rule.initial, sample(true), 0)).toEqual([1, 1]);
  });
});

describe('what a rule counts', () => {
  const slow = (slowerThan: string, window: WindowSize) => slowCalls({ threshold: 1, slowerThan, window });
  const rate = (window: WindowSize) => failureRate({ threshold: 1, window });
  const own = defineTripRule({ name: 'own', initial: 0, record: (n) => n, trips: () => false });

  it('is told by all that its state depends on', () => {
    const rules = [consecutiveFailures(1), own, rate('1m'), rate({ calls: 7 }), slow('2s', '10s')];
    const told = ['consecutiveFailures', 'own', 'failures in 60000 ms', 'failures in 7 calls'];
    const all = [...told, 'calls slower than 2000 ms in 10000 ms'];
    expect(rules.map(countsOf)).toEqual(all);
    expect(countsOf(anyOf(...rules))).toBe(`anyOf(${all.join(', ')})`);
  });

  it('is the same whatever else is set otherwise', () => {
    expect(countsOf(consecutiveFailures(7))).toBe(countsOf(consecutiveFailures(1)));
    const other = failureRate({ threshold: 0.1, window: 60_000, minimumCalls: 99 });
    expect(countsOf(other)).toBe(countsOf(rate('1m')));
  });
});

describe('a trip rule of your own', () => {
  it('decides by a state that it keeps', () => {
    const rule = defineTripRule({
      name: 'threeStrikes',
      initial: 0,
      record: (strikes, { failed }) => (failed ? strikes + 1 : strikes),
      trips: (strikes) => strikes >= 3,
    });
    const calls = [true, false, true, false, true].map((failed) => [0, sample(failed)] as const);
    expect(rule.trips(recorded(rule, calls), 0)).toBe(true);
    expect(rule.trips(recorded(rule, calls.slice(1)), 0)).toBe(false);
  });

  it('has marks of its own, which nobody changes later', () => {
    const marks = [1_000, 5_000];
    const rule = defineTripRule({ name: 'own', initial: 0, record: (n) => n, trips: () => false, marks });
    marks.push(1);
    expect(rule.marks).toEqual([1_000, 5_000]);
  });

  const right = { name: 'rule', initial: 0, record: (state: number) => state, trips: () => false };

  it.each([
    ['initial', { initial: { fine: 1, wrong: () => 1 } }, 'JSON'],
    ['initial', { initial: Number.NaN }, 'JSON'],
    ['initial', { initial: () => 1 }, 'JSON'],
    ['initial', { initial: undefined }, 'JSON'],
    ['initial', { initial: [1, Infinity] }, 'JSON'],
    ['initial', { initial: circle() }, 'JSON'],
    ['marks', { marks: 5 }, 'milliseconds above 0, ascending'],
    ['marks', { marks: null }, 'milliseconds above 0, ascending'],
    ['marks', { marks: ['5'] }, 'milliseconds above 0, ascending'],
    ['marks', { marks: [5, 3] }, 'milliseconds above 0, ascending'],
    ['marks', { marks: [5, 5] }, 'milliseconds above 0, ascending'],
    ['marks', { marks: [0, 5] }, 'milliseconds above 0, ascending'],
    ['marks', { marks: [5, Infinity] }, 'milliseconds above 0, ascending'],
    ['name', { name: '' }, 'a name'],
    ['name', { name: 7 }, 'a name'],
    ['record', { record: undefined }, 'a function'],
    ['trips', { trips: 7 }, 'a function'],
  ])('refuses a wrong %s', (field, wrong, allowed) => {
    expect(() => defineTripRule({ ...right, ...wrong } as never)).toThrow(
      `defineTripRule.${field} must be ${allowed}`,
    );
  });

  it.each([null, undefined, 5])('refuses %s for a definition', (definition) => {
    expect(() => defineTripRule(definition as never)).toThrow('defineTripRule must be given an object');
  });

  it.each([null, 'text', '', true, false, -1.5, [], {}, [1, 'a', null, { deep: [true] }]])(
    'may keep %j',
    (initial) => {
      const rule = defineTripRule({ ...right, initial } as never);
      expect(rule.initial).toBe(initial);
      expect('marks' in rule).toBe(false);
    },
  );

  it('may keep what is a hundred deep in what it keeps, and no deeper', () => {
    const nested = (depth: number): unknown => (depth === 0 ? [] : [nested(depth - 1)]);
    const deep = nested(100);
    expect(defineTripRule({ ...right, initial: deep } as never).initial).toBe(deep);
    expect(() => defineTripRule({ ...right, initial: nested(101) } as never)).toThrow('must be JSON');
  });
});
