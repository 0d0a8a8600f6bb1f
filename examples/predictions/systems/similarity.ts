import { numbersOf, type PastGame, type Prediction, type PredictionDay } from '../features.ts';

const neighbours = 60;

/**
 * `similarity_balanced_v1`: the sixty earlier games whose features are nearest, each feature measured in its standard deviations,
 * and by how much players missed their averages in them, the nearer the more it counts.
 */
export function similarity({ players, past }: PredictionDay): Prediction {
  const games = past.map((game) => ({ numbers: numbersOf(game), miss: missOf(game) }));
  const scales = scalesOf(games.map(({ numbers }) => numbers));
  return new Map(
    players.map((player) => {
      const numbers = numbersOf(player);
      const near = games
        .map(({ numbers: other, miss }) => ({ distance: distanceOf(numbers, other, scales), miss }))
        .sort((a, b) => a.distance - b.distance)
        .slice(0, neighbours)
        .map(({ distance, miss }) => ({ weight: 1 / (1 + distance), miss }));
      const weight = near.reduce((sum, game) => sum + game.weight, 0);
      const miss = near.reduce((sum, game) => sum + game.weight * game.miss, 0);
      return [player.player_lookup, player.points_avg_last_10 + (weight === 0 ? 0 : miss / weight)];
    }),
  );
}

function missOf(game: PastGame): number {
  return game.points - game.points_avg_last_10;
}

function distanceOf(a: readonly number[], b: readonly number[], scales: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += ((a[index]! - b[index]!) / scales[index]!) ** 2;
  return sum;
}

/** Each column's standard deviation; one for a column that does not vary. */
function scalesOf(rows: readonly (readonly number[])[]): readonly number[] {
  return (rows[0] ?? []).map((_, column) => {
    const mean = rows.reduce((sum, row) => sum + row[column]!, 0) / rows.length;
    const variance = rows.reduce((sum, row) => sum + (row[column]! - mean) ** 2, 0) / rows.length;
    return Math.sqrt(variance) || 1;
  });
}
