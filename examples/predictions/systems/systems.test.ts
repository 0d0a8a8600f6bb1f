import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Features, PastGame } from '../features.ts';
import { boostedStumps, learn, sumOf } from './boosted-stumps.ts';
import { movingAverage } from './moving-average.ts';
import { similarity } from './similarity.ts';
import { weightedEnsemble } from './weighted-ensemble.ts';
import { zoneMatchup } from './zone-matchup.ts';

const player = (changes: Partial<Features> = {}): Features => ({
  game_date: '2026-01-16',
  player_lookup: 'paolo',
  team_abbr: 'ORL',
  opponent_team_abbr: 'MEM',
  home_game: true,
  points_avg_last_5: 20,
  points_avg_last_10: 20,
  minutes_avg_last_10: 30,
  usage_avg_last_7: 20,
  days_rest: 1,
  game_spread: 0,
  game_total: 225,
  opponent_zone_index: 1,
  points_line: null,
  ...changes,
});
const game = (points: number, changes: Partial<Features> = {}): PastGame => ({ ...player(changes), points });
const only = (prediction: ReadonlyMap<string, number>) => prediction.get('paolo')!;

describe('the prediction systems', () => {
  it('predict the average for a player of whom nothing else is known', () => {
    const day = { players: [player()], past: [] };
    for (const system of [movingAverage, zoneMatchup, similarity, boostedStumps])
      expect(only(system(day))).toBe(20);
  });

  it('believe half of what a defence shows', () => {
    const day = { players: [player({ opponent_zone_index: 1.2 })], past: [] };
    expect(only(zoneMatchup(day))).toBeCloseTo(22, 9);
  });

  it('move a player as games like his were missed, and not as others were', () => {
    const alike = Array.from({ length: 60 }, () => game(24));
    const others = Array.from({ length: 60 }, () =>
      game(5, { points_avg_last_10: 8, points_avg_last_5: 8, minutes_avg_last_10: 12, usage_avg_last_7: 12 }),
    );
    const day = { players: [player()], past: [...others, ...alike] };
    expect(only(similarity(day))).toBeCloseTo(24, 6);
  });

  it('learn a step by stumps', () => {
    const rows = Array.from({ length: 300 }, (_, index) => [index % 10, (index * 7) % 13]);
    const stumps = learn(
      rows,
      rows.map(([first]) => (first! > 4 ? 6 : -2)),
    );
    expect(sumOf(stumps, [8, 3])).toBeCloseTo(6, 1);
    expect(sumOf(stumps, [1, 3])).toBeCloseTo(-2, 1);
  });

  it('learn nothing from nothing', () => {
    expect(learn([], [])).toEqual([]);
    expect(learn(Array(300).fill([1, 1]), Array(300).fill(5))).toEqual([]);
  });

  it('weigh members by their record, alike without one', () => {
    const members = new Map([
      ['good', new Map([['paolo', 10]])],
      ['bad', new Map([['paolo', 20]])],
    ]);
    expect(only(weightedEnsemble(members, new Map()))).toBe(15);
    // 1/4² against 1/8²: four to one.
    expect(
      only(
        weightedEnsemble(
          members,
          new Map([
            ['good', 4],
            ['bad', 8],
          ]),
        ),
      ),
    ).toBe(12);
  });

  it('never leave the range of their members', () => {
    const points = fc.array(fc.double({ min: 0, max: 60, noNaN: true }), { minLength: 1, maxLength: 5 });
    const errors = fc.array(fc.double({ min: 0.5, max: 20, noNaN: true }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(points, errors, (values, record) => {
        const members = new Map(values.map((value, index) => [`m${index}`, new Map([['paolo', value]])]));
        const blended = only(
          weightedEnsemble(members, new Map(record.map((error, index) => [`m${index}`, error]))),
        );
        expect(blended).toBeGreaterThanOrEqual(Math.min(...values) - 1e-9);
        expect(blended).toBeLessThanOrEqual(Math.max(...values) + 1e-9);
      }),
    );
  });
});
