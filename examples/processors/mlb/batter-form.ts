import { divide } from '../divide.ts';

/** Sums over a batter's games before the one in question; null where there was none. */
export interface Form {
  readonly strikeouts_last_5: number | null;
  readonly at_bats_last_5: number | null;
  readonly games_last_10: number;
  readonly strikeouts_last_10: number | null;
  readonly squared_strikeouts_last_10: number | null;
  readonly at_bats_last_10: number | null;
  readonly strikeouts_season: number | null;
  readonly at_bats_season: number | null;
  readonly hits_season: number | null;
}

/** Rates are per at-bat, averages per game; all unrounded, null for a batter without a game before. */
export function batterForm(form: Form) {
  return {
    k_rate_last_5: perAtBat(form.strikeouts_last_5, form.at_bats_last_5),
    k_rate_last_10: perAtBat(form.strikeouts_last_10, form.at_bats_last_10),
    k_std_last_10: sampleDeviation(
      form.games_last_10,
      form.strikeouts_last_10 ?? 0,
      form.squared_strikeouts_last_10 ?? 0,
    ),
    ab_avg_last_10: divide(form.at_bats_last_10 ?? 0, form.games_last_10),
    season_k_rate: perAtBat(form.strikeouts_season, form.at_bats_season),
    season_batting_avg: perAtBat(form.hits_season, form.at_bats_season),
  };
}

function perAtBat(count: number | null, atBats: number | null): number | null {
  return count === null || atBats === null ? null : divide(count, atBats);
}

/**
 * The sample standard deviation (divided by n − 1), from whole numbers' sum and sum of squares; null below two games.
 */
function sampleDeviation(games: number, sum: number, squares: number): number | null {
  // n·Σx² − (Σx)² of whole numbers is a whole number: nothing is lost before the root.
  return games < 2 ? null : Math.sqrt((games * squares - sum * sum) / (games * (games - 1)));
}
