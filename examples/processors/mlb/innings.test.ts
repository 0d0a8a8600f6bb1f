import { InvalidDataError } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { outsOf } from './innings.ts';

describe('innings pitched', () => {
  it.each([
    ['6.1', 19],
    ['6.2', 20],
    ['7', 21],
    ['0.0', 0],
    ['10.0', 30],
  ])('%s are %i outs', (innings, outs) => {
    expect(outsOf(innings)).toBe(outs);
  });

  it.each(['6.3', '6.33', '', 'six', '-1.0'])('refuses %j', (innings) => {
    expect(() => outsOf(innings)).toThrow(InvalidDataError);
  });
});
