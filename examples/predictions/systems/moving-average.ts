import type { Prediction, PredictionDay } from '../features.ts';

/** `moving_average`: two parts of the last ten games, one of the last five. */
export function movingAverage({ players }: PredictionDay): Prediction {
  return new Map(
    players.map((player) => [
      player.player_lookup,
      (2 * player.points_avg_last_10 + player.points_avg_last_5) / 3,
    ]),
  );
}
