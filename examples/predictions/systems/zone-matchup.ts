import type { Prediction, PredictionDay } from '../features.ts';

/**
 * `zone_matchup_v1`: the average of ten games, moved by what the opponent's defence allows a shot in each zone against what
 * the league allows. A month of a defence is noisy, so half of what it shows is believed.
 */
export function zoneMatchup({ players }: PredictionDay): Prediction {
  return new Map(
    players.map(({ player_lookup, points_avg_last_10, opponent_zone_index }) => [
      player_lookup,
      points_avg_last_10 * (1 + (opponent_zone_index - 1) / 2),
    ]),
  );
}
