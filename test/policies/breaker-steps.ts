import fc from 'fast-check';
import { anyOf, consecutiveFailures, failureRate, slowCalls, type TripRule } from '../../src/policy/index.ts';
import {
  type NaiveRule,
  naiveAnyOf,
  naiveConsecutive,
  naiveFailureRate,
  naiveSlowCalls,
} from './naive-rules.ts';

/** A rule, and the same as one would say it. */
export interface Rules {
  readonly what: string;
  readonly real: TripRule;
  readonly naive: NaiveRule;
}

const over = fc
  .record({
    threshold: fc.constantFrom(0.2, 0.5, 0.7, 1),
    window: fc.oneof(fc.integer({ min: 1, max: 120 }), fc.record({ calls: fc.integer({ min: 1, max: 40 }) })),
    minimum: fc.integer({ min: 1, max: 5 }),
  })
  .map(({ threshold, window, minimum }) => ({
    threshold,
    window,
    minimumCalls: typeof window === 'number' ? minimum : Math.min(minimum, window.calls),
  }));

const one: fc.Arbitrary<Rules> = fc.oneof(
  fc.integer({ min: 1, max: 4 }).map((failures) => ({
    what: `consecutiveFailures(${failures})`,
    real: consecutiveFailures(failures),
    naive: naiveConsecutive(failures),
  })),
  over.map((options) => ({
    what: `failureRate(${JSON.stringify(options)})`,
    real: failureRate(options),
    naive: naiveFailureRate(options),
  })),
  fc.tuple(over, fc.integer({ min: 1, max: 60 })).map(([rate, slowerThan]) => {
    const options = { ...rate, slowerThan };
    return {
      what: `slowCalls(${JSON.stringify(options)})`,
      real: slowCalls(options),
      naive: naiveSlowCalls(options),
    };
  }),
);

export const rules: fc.Arbitrary<Rules> = fc.oneof(
  { weight: 3, arbitrary: one },
  {
    weight: 1,
    arbitrary: fc.array(one, { minLength: 1, maxLength: 3 }).map((all) => ({
      what: `anyOf(${all.map(({ what }) => what).join(', ')})`,
      real: anyOf(...all.map(({ real }) => real)),
      naive: naiveAnyOf(all.map(({ naive }) => naive)),
    })),
  },
);

const growth = fc
  .record({
    base: fc.integer({ min: 1, max: 20 }),
    times: fc.constantFrom(1, 4, 8, 20, 125),
    factor: fc.constantFrom(1, 1.5, 2, 5),
    jitter: fc.constantFrom(0, 0.5, 1),
    quiet: fc.integer({ min: 5, max: 100 }),
  })
  .map(({ base, times, ...rest }) => ({ ...rest, base, cap: base * times }));

export const breakerSettings = fc.record({
  rules,
  openFor: fc.oneof(fc.integer({ min: 1, max: 50 }), growth),
  chance: fc.constantFrom(0, 0.5, 0.75),
  probes: fc.integer({ min: 1, max: 3 }),
  successes: fc.integer({ min: 1, max: 4 }),
  probeTimeout: fc.integer({ min: 1, max: 60 }),
  handles: fc.constantFrom('byDefault' as const, 'byHandle' as const),
});

const way = fc.constantFrom<Way>('plain', 'with a signal', 'as an outcome');
const ending = fc.constantFrom<Ending>('value', 'bad value', 'away', 'away', 'wrong', 'abort');

export type Way = 'plain' | 'with a signal' | 'as an outcome';
export type Ending = 'value' | 'bad value' | 'away' | 'wrong' | 'abort';

/** What may happen; an operation that no step ends hangs. */
export const breakerSteps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('call' as const), way }) },
    { weight: 12, arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat(), how: ending }) },
    {
      weight: 8,
      arbitrary: fc.record({ kind: fc.constant('call and end' as const), way, how: ending }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait until admitted' as const) }) },
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('pass' as const), time: fc.integer({ min: 1, max: 60 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('step the wall' as const), by: fc.integer() }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom(
          'isolate' as const,
          'release' as const,
          'reset' as const,
          'ready' as const,
          'snapshot' as const,
          'restore' as const,
        ),
      }),
    },
  ),
  { maxLength: 80, size: 'max' },
);

export type BreakerStep = typeof breakerSteps extends fc.Arbitrary<(infer Step)[]> ? Step : never;
