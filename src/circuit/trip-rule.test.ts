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
} from './index.ts';

const sample = (failed: boolean, duration = 0, rest: Partial<Sample> = {}): Sample => ({
  failed,
  duration,
  running: false,
  reportedAt: 0,
  ...rest,
});

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
    ['threshold', { threshold: 0 }],
    ['threshold', { threshold: Number.NaN }],
    ['window', { threshold: 1, window: 0 }],
    ['window.calls', { threshold: 1, window: { calls: 1.5 } }],
    ['minimumCalls', { threshold: 1, window: { calls: 5 }, minimumCalls: 6 }],
  ])('refuses a wrong %s', (field, options) => {
    expect(() => failureRate(options)).toThrow(ConfigurationError);
    expect(() => failureRate(options)).toThrow(`failureRate.${field} must be`);
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

  it.each([
    ['initial', { initial: { fine: 1, wrong: () => 1 } }],
    ['marks', { marks: [5, 3] }],
    ['name', { name: '' }],
    ['initial', { initial: Number.NaN }],
    ['record', { record: undefined }],
    ['trips', { trips: 7 }],
    ['marks', { marks: [5, 5] }],
  ])('refuses a wrong %s', (field, wrong) => {
    const right = { name: 'rule', initial: 0, record: (state: number) => state, trips: () => false };
    expect(() => defineTripRule({ ...right, ...wrong } as never)).toThrow(`defineTripRule.${field} must be`);
  });
});
