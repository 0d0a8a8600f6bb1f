import { describe, expect, it } from 'vitest';
import { batterForm } from './batter-form.ts';

describe("a batter's form", () => {
  it('is rates per at-bat, averages per game and the sample deviation of strikeouts', () => {
    // Three games before: 1, 3 and 2 strikeouts in 4, 5 and 3 at-bats; 2 hits in the season's last two.
    expect(
      batterForm({
        strikeouts_last_5: 6,
        at_bats_last_5: 12,
        games_last_10: 3,
        strikeouts_last_10: 6,
        squared_strikeouts_last_10: 14,
        at_bats_last_10: 12,
        strikeouts_season: 5,
        at_bats_season: 8,
        hits_season: 2,
      }),
    ).toEqual({
      k_rate_last_5: 0.5,
      k_rate_last_10: 0.5,
      k_std_last_10: 1,
      ab_avg_last_10: 4,
      season_k_rate: 0.625,
      season_batting_avg: 0.25,
    });
  });

  it('is unknown before the first game, and has no deviation after one', () => {
    const none = {
      strikeouts_last_5: null,
      at_bats_last_5: null,
      games_last_10: 0,
      strikeouts_last_10: null,
      squared_strikeouts_last_10: null,
      at_bats_last_10: null,
      strikeouts_season: null,
      at_bats_season: null,
      hits_season: null,
    };
    expect(Object.values(batterForm(none))).toEqual([null, null, null, null, null, null]);
    const one = { ...none, games_last_10: 1, strikeouts_last_10: 2, squared_strikeouts_last_10: 4 };
    expect(batterForm(one).k_std_last_10).toBeNull();
  });
});
