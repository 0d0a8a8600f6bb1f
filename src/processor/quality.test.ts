import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../errors/index.ts';
import { quality } from './quality.ts';

const source = fc.record({ found: fc.nat(10_000), wanted: fc.nat(10_000) });

describe('quality', () => {
  it('is gold at 100 when every source has what it should', () => {
    const sources = [
      { found: 8, wanted: 8 },
      { found: 16, wanted: 16 },
    ];
    expect(quality({ sources })).toEqual({
      quality_score: 100,
      quality_tier: 'gold',
      is_production_ready: true,
    });
  });

  it('goes by the worst source and takes ten points for each fallback', () => {
    const sources = [
      { found: 15, wanted: 16 },
      { found: 8, wanted: 8 },
    ];
    expect(quality({ sources, fallbacks: 1 })).toEqual({
      quality_score: 83.75,
      quality_tier: 'silver',
      is_production_ready: true,
    });
  });

  it.each([
    [95, 'gold', true],
    [94, 'silver', true],
    [75, 'silver', true],
    [74, 'bronze', true],
    [50, 'bronze', true],
    [49, 'poor', false],
    [25, 'poor', false],
    [24, 'unusable', false],
    [0, 'unusable', false],
  ] as const)('calls %i per cent %s', (found, tier, ready) => {
    expect(quality({ sources: [{ found, wanted: 100 }] })).toEqual({
      quality_score: found,
      quality_tier: tier,
      is_production_ready: ready,
    });
  });

  it('meets the limit of a tier exactly wherever the share is a whole percentage', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 1, max: 10_000 }), (percent, size) => {
        expect(quality({ sources: [{ found: percent * size, wanted: 100 * size }] }).quality_score).toBe(
          percent,
        );
      }),
    );
  });

  it('takes a source of which nothing is wanted as complete', () => {
    expect(quality({ sources: [{ found: 0, wanted: 0 }] }).quality_score).toBe(100);
  });

  it('stays between 0 and 100 and never rises with a worse source or a further fallback', () => {
    fc.assert(
      fc.property(fc.array(source, { maxLength: 5 }), source, fc.nat(12), (sources, another, fallbacks) => {
        const { quality_score: score } = quality({ sources, fallbacks });
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(100);
        expect(quality({ sources: [...sources, another], fallbacks }).quality_score).toBeLessThanOrEqual(
          score,
        );
        expect(quality({ sources, fallbacks: fallbacks + 1 }).quality_score).toBeLessThanOrEqual(score);
      }),
    );
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d as a count, by its field', (count) => {
    expect(() => quality({ sources: [{ found: count, wanted: 1 }] })).toThrow(ConfigurationError);
    expect(() => quality({ sources: [{ found: 1, wanted: count }] })).toThrow('quality.sources[0].wanted');
    expect(() => quality({ sources: [], fallbacks: count })).toThrow('quality.fallbacks');
  });
});
