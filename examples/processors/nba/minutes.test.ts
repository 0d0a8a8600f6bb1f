import { InvalidDataError } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { minutesOf, roundedMinutes } from './minutes.ts';

describe('minutes', () => {
  it.each([
    ['34:12', 34.2],
    ['0:30', 0.5],
    ['00:00', 0],
    ['48:00', 48],
    ['35', 35],
    [35, 35],
    [null, null],
  ])('reads %j as %j', (value, minutes) => {
    expect(minutesOf(value)).toBe(minutes);
  });

  it.each(['', '34:60', '34:1', '34.2', '-1:00', 'DNP', '1:02:03'])('refuses %j', (value) => {
    expect(() => minutesOf(value)).toThrow(InvalidDataError);
  });

  it('are stored with one decimal', () => {
    expect(roundedMinutes(minutesOf('34:14'))).toBe(34.2);
    expect(roundedMinutes(minutesOf('34:15'))).toBe(34.3);
    expect(roundedMinutes(null)).toBeNull();
  });
});
