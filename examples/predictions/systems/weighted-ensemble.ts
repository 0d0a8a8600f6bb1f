import type { Prediction } from '../features.ts';

/** A system's mean absolute error lately. */
export type TrackRecord = ReadonlyMap<string, number>;

/**
 * `ensemble_v1`: the members' predictions, each weighted by one over the square of its error lately; alike where a member has no
 * record yet.
 */
export function weightedEnsemble(members: ReadonlyMap<string, Prediction>, record: TrackRecord): Prediction {
  const known = [...members.keys()].every((member) => (record.get(member) ?? 0) > 0);
  const weighted = [...members].map(([member, prediction]) => ({
    prediction,
    weight: known ? record.get(member)! ** -2 : 1,
  }));
  const total = weighted.reduce((sum, { weight }) => sum + weight, 0);
  const [first] = weighted;
  return new Map(
    [...(first?.prediction.keys() ?? [])].map((player) => [
      player,
      weighted.reduce((sum, { prediction, weight }) => sum + weight * (prediction.get(player) ?? 0), 0) /
        total,
    ]),
  );
}
