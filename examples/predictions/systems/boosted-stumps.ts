import { numbersOf, type Prediction, type PredictionDay } from '../features.ts';

const rounds = 60;
const learningRate = 0.1;
const cuts = 15;
const fewestGames = 200;

/** A tree of one cut. */
interface Stump {
  readonly column: number;
  readonly cut: number;
  readonly below: number;
  readonly above: number;
}

/**
 * `xgboost_v1`, which stands for it: gradient-boosted stumps (Friedman 2001, squared error) on the miss of the average of ten
 * games. With too few earlier games to learn from it predicts the average.
 */
export function boostedStumps({ players, past }: PredictionDay): Prediction {
  const stumps = past.length < fewestGames ? [] : learn(past.map(numbersOf), past.map(missOf));
  return new Map(
    players.map((player) => [
      player.player_lookup,
      player.points_avg_last_10 + sumOf(stumps, numbersOf(player)),
    ]),
  );
}

/** Stumps whose sum comes near the targets. */
export function learn(rows: readonly (readonly number[])[], targets: readonly number[]): readonly Stump[] {
  const columns = (rows[0] ?? []).map((_, column) => rows.map((row) => row[column]!));
  const grids = columns.map(gridOf);
  // Between which of its column's cuts each value lies, once for all rounds.
  const places = columns.map((values, column) => values.map((value) => placeOf(value, grids[column]!)));
  const rest = [...targets];
  const stumps: Stump[] = [];
  for (let round = 0; round < rounds; round++) {
    const best = bestStump(grids, places, rest);
    if (best === undefined) break;
    stumps.push(best.stump);
    for (let row = 0; row < rest.length; row++) {
      const { column, below, above } = best.stump;
      rest[row] = rest[row]! - (places[column]![row]! <= best.place ? below : above);
    }
  }
  return stumps;
}

export function sumOf(stumps: readonly Stump[], row: readonly number[]): number {
  return stumps.reduce(
    (sum, { column, cut, below, above }) => sum + (row[column]! <= cut ? below : above),
    0,
  );
}

function bestStump(
  grids: readonly (readonly number[])[],
  places: readonly (readonly number[])[],
  rest: readonly number[],
): { readonly stump: Stump; readonly place: number } | undefined {
  let best: { readonly stump: Stump; readonly place: number; readonly gain: number } | undefined;
  const total = rest.reduce((sum, value) => sum + value, 0);
  for (const [column, grid] of grids.entries()) {
    const [sums, counts] = [new Float64Array(grid.length + 1), new Float64Array(grid.length + 1)];
    for (let row = 0; row < rest.length; row++) {
      sums[places[column]![row]!]! += rest[row]!;
      counts[places[column]![row]!]! += 1;
    }
    let [sum, count] = [0, 0];
    for (const [place, cut] of grid.entries()) {
      sum += sums[place]!;
      count += counts[place]!;
      if (count === 0 || count === rest.length) continue;
      const [below, above] = [sum / count, (total - sum) / (rest.length - count)];
      const gain = sum * below + (total - sum) * above;
      if (best === undefined || gain > best.gain)
        best = {
          place,
          gain,
          stump: { column, cut, below: learningRate * below, above: learningRate * above },
        };
    }
  }
  return best;
}

/** Cuts that part the values into equal parts. */
function gridOf(values: readonly number[]): readonly number[] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]!;
  return [...new Set(Array.from({ length: cuts }, (_, cut) => at((cut + 1) / (cuts + 1))))];
}

/** The first cut that the value does not exceed; past the last for one that exceeds all. */
function placeOf(value: number, grid: readonly number[]): number {
  const place = grid.findIndex((cut) => value <= cut);
  return place < 0 ? grid.length : place;
}

function missOf(game: { readonly points: number; readonly points_avg_last_10: number }): number {
  return game.points - game.points_avg_last_10;
}
