import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../errors/index.ts';
import { defineProcessor } from './definition.ts';

const valid = { name: 'Summary', sport: 'nba', output: 'nba_analytics.summary' };

describe('defineProcessor', () => {
  it('fills in the partition and reads durations', () => {
    expect(defineProcessor({ ...valid, timeout: '10m', circuit: { openFor: '4h', failures: 3 } })).toEqual({
      ...valid,
      partition: 'game_date',
      key: [],
      timeout: 600_000,
      circuit: { failures: 3, openFor: 14_400_000 },
    });
  });

  it.each([
    ['name', { name: 'a b' }],
    ['sport', { sport: '' }],
    ['output', { output: 'summary' }],
    ['output', { output: 'nba.summary; DROP TABLE x' }],
    ['partition', { partition: 'game-date' }],
    ['key', { key: ['game_date', '1'] }],
    ['timeout', { timeout: '0s' }],
    ['timeout', { timeout: 'soon' }],
    ['circuit.failures', { circuit: { failures: 0 } }],
    ['circuit.openFor', { circuit: { openFor: Number.NaN } }],
  ])('names the field %s of a wrong definition', (field, wrong) => {
    const define = () => defineProcessor({ ...valid, ...wrong });
    expect(define).toThrow(ConfigurationError);
    expect(define).toThrow(`defineProcessor.${field}`);
  });
});
