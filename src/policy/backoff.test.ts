import { describe, expect, it } from 'vitest';
import { decorrelatedJitter, equalJitter, exponential, fullJitter, sequence } from './index.ts';

describe('backoffs', () => {
  const failure = (attempt: number, previousDelay = 0) => ({ error: undefined, attempt, previousDelay });

  it('grow to their cap, also at an attempt whose power overflows', () => {
    const backoff = exponential({ base: 100, cap: 5_000 });
    expect([1, 2, 3, 10, 5_000].map((attempt) => backoff(failure(attempt), () => 0))).toEqual([
      100, 200, 400, 5_000, 5_000,
    ]);
  });

  it('still jitter once they have reached the cap', () => {
    const decorrelated = decorrelatedJitter({ base: 100, cap: 1_000 });
    expect(decorrelated(failure(50, 1_000), () => 0)).toBe(100);
    expect(decorrelated(failure(50, 1_000), () => 0.5)).toBe(550);
    expect(fullJitter({ base: 100, cap: 1_000 })(failure(50), () => 0.25)).toBe(250);
  });

  it('take half of the delay for sure, and chance for the other half', () => {
    const delays = [0, 0.25, 0.5, 1].map((chance) =>
      equalJitter({ base: 1_000 })({ error: undefined, attempt: 3, previousDelay: 0 }, () => chance),
    );
    expect(delays).toEqual([2_000, 2_500, 3_000, 4_000]);
  });

  it.each([null, undefined, [], 5])('are no sequence of %j', (delays) => {
    expect(() => sequence(delays as never)).toThrow('sequence must be a list with at least one delay');
  });

  it('repeat the last step of a sequence', () => {
    const backoff = sequence(['1s', '5s']);
    expect([1, 2, 3].map((attempt) => backoff(failure(attempt), () => 0))).toEqual([1_000, 5_000, 5_000]);
  });
});
