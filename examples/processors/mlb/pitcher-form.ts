import { daysOfRest } from '../../dates.ts';
import { divide } from '../divide.ts';

/** One start, as its windows want it. */
export interface Start {
  readonly game_date: string;
  readonly outs: number;
  readonly strikeouts: number;
  readonly walks: number;
  readonly hits: number;
  readonly earned_runs: number;
}

/** A pitcher's form before a game, from his starts before it, the latest first; null for one without. */
export function pitcherForm(earlier: readonly Start[], date: string) {
  const ten = earlier.slice(0, 10);
  const innings = total(ten, 'outs') / 3;
  return {
    k_avg_last_3: average(earlier.slice(0, 3)),
    k_avg_last_5: average(earlier.slice(0, 5)),
    k_avg_last_10: average(ten),
    era_rolling_10: divide(9 * total(ten, 'earned_runs'), innings),
    whip_rolling_10: divide(total(ten, 'walks') + total(ten, 'hits'), innings),
    k_per_9_rolling_10: divide(9 * total(ten, 'strikeouts'), innings),
    days_rest: daysOfRest(earlier[0]?.game_date, date),
  };
}

/** Six innings at least, three earned runs at most. */
export function isQualityStart({ outs, earned_runs }: Start): boolean {
  return outs >= 18 && earned_runs <= 3;
}

function average(starts: readonly Start[]): number | null {
  return divide(total(starts, 'strikeouts'), starts.length);
}

function total(starts: readonly Start[], column: Exclude<keyof Start, 'game_date'>): number {
  return starts.reduce((sum, start) => sum + start[column], 0);
}
