import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../errors/index.ts';
import { type Duration, milliseconds } from './duration.ts';

describe('a duration', () => {
  it.each<[Duration, number]>([
    [1.5, 1.5],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5h', 5_400_000],
    ['0.5s', 500],
    ['7d', 604_800_000],
    [2 ** 40, 2 ** 40],
  ])('%j is %d milliseconds', (given, expected) => {
    expect(milliseconds('after', given)).toBe(expected);
  });

  it.each<unknown>([0, -1, Number.NaN, Infinity, -Infinity, '0s', '-5s', 'soon', '', '5 bananas', null, {}])(
    '%j is none, and the error says of what',
    (given) => {
      expect(() => milliseconds('retry.after', given as Duration)).toThrow(ConfigurationError);
      expect(() => milliseconds('retry.after', given as Duration)).toThrow(/retry\.after.*more than zero/);
    },
  );

  it('may be zero or without end only where that is said', () => {
    for (const zero of [0, '0s', '0ms', '0.0 s', '00', '0.00s'])
      expect(milliseconds('after', zero, { zero: true })).toBe(0);
    expect(milliseconds('after', Infinity, { infinite: true })).toBe(Infinity);
    expect(() => milliseconds('after', '0 bananas', { zero: true })).toThrow(ConfigurationError);
    expect(() => milliseconds('after', -Infinity, { infinite: true })).toThrow(ConfigurationError);
  });

  it('that can not be is told what would be', () => {
    const told = (rule: object) => {
      try {
        return milliseconds('after', -1, rule);
      } catch (error) {
        return (error as Error).message.replace(/,? received.*/, '');
      }
    };
    const than = (least: string) =>
      `after must be a finite duration of ${least}, in milliseconds or as text such as '30s'`;
    expect(told({})).toBe(than('more than zero'));
    expect(told({ zero: true })).toBe(than('zero or more'));
    expect(told({ infinite: true })).toBe(`${than('more than zero')}, or Infinity`);
  });

  it('as a number comes out as it went in', () => {
    fc.assert(
      fc.property(fc.double({ min: Number.MIN_VALUE, noNaN: true, noDefaultInfinity: true }), (given) => {
        expect(milliseconds('after', given)).toBe(given);
      }),
    );
  });
});
