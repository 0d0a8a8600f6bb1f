import { describe, expect, it } from 'vitest';
import { isQualityStart, pitcherForm, type Start } from './pitcher-form.ts';

const start = (game_date: string, innings: number, strikeouts: number, earned_runs = 2): Start => ({
  game_date,
  outs: Math.round(3 * innings),
  strikeouts,
  walks: 2,
  hits: 5,
  earned_runs,
});

describe("a pitcher's form", () => {
  it('is averages of three, five and ten starts, and rates for the innings of ten', () => {
    const earlier = [
      start('2026-05-14', 6, 9, 1),
      start('2026-05-09', 5, 3, 4),
      start('2026-05-04', 7, 6, 0),
      start('2026-04-29', 6, 4, 3),
    ];
    // 24 innings: 8 earned runs, 8 walks and 20 hits, 22 strike-outs.
    expect(pitcherForm(earlier, '2026-05-20')).toEqual({
      k_avg_last_3: 6,
      k_avg_last_5: 5.5,
      k_avg_last_10: 5.5,
      era_rolling_10: 3,
      whip_rolling_10: 28 / 24,
      k_per_9_rolling_10: 8.25,
      days_rest: 5,
    });
  });

  it('looks at no more than ten starts', () => {
    const many = Array.from({ length: 14 }, (_, index) => start('2026-05-01', 6, index < 10 ? 5 : 12));
    expect(pitcherForm(many, '2026-05-06')).toMatchObject({ k_avg_last_10: 5, k_per_9_rolling_10: 7.5 });
  });

  it('is unknown before the first start', () => {
    expect(new Set(Object.values(pitcherForm([], '2026-05-20')))).toEqual(new Set([null]));
  });

  it('has a quality start with six innings and three earned runs, not with an out less or a run more', () => {
    expect(isQualityStart(start('2026-05-20', 6, 5, 3))).toBe(true);
    expect(isQualityStart(start('2026-05-20', 17 / 3, 5, 3))).toBe(false);
    expect(isQualityStart(start('2026-05-20', 9, 5, 4))).toBe(false);
  });
});
