import type { Parameters } from 'fast-check';

/**
 * How many sequences a model test tries: all of them in CI, a twentieth elsewhere, and as large a share as `MODEL_SHARE` says, where
 * it is set. `MODEL_SEED` makes them the same ones each time, and stops at the
 * first that fails.
 */
export function sequences(all: number): Pick<Parameters, 'numRuns' | 'seed' | 'endOnFailure'> {
  const { CI, MODEL_SHARE, MODEL_SEED } = process.env;
  const share = Number(MODEL_SHARE ?? (CI ? 1 : 0.05));
  return {
    numRuns: Math.max(20, Math.round(all * share)),
    ...(MODEL_SEED !== undefined && { seed: Number(MODEL_SEED), endOnFailure: true }),
  };
}
