import { describe, expect, it } from 'vitest';
import { Offense, Summary } from '../../test/trigger/made-up.ts';
import { ConfigurationError } from '../errors/index.ts';
import { createTestContext } from '../testing/index.ts';
import { registry } from './registry.ts';

describe('the processors that a dispatcher knows', () => {
  it('are found by name, and no two have the same', () => {
    const context = createTestContext();
    const { all, byName, find } = registry([Offense, Summary], context);
    expect(all).toHaveLength(2);
    expect(byName('OffenseProcessor')).toBe(find('OffenseProcessor'));
    expect(find('Nobody')).toBeUndefined();
    expect(() => byName('Nobody')).toThrow('one of OffenseProcessor');
    expect(() => registry([Offense, Offense], context)).toThrow(ConfigurationError);
    expect(context.logger.lines).toEqual([]);
  });

  it('are all that has settings: of others it warns', () => {
    const context = createTestContext({
      config: { processors: { OFFENSE: { timeout: '1m' }, OFENSE: { timeout: '1m' } } },
    });
    registry([Offense, Summary], context);
    expect(context.logger.lines).toMatchObject([{ level: 'warn', fields: { unknown: ['ofense'] } }]);
  });
});
