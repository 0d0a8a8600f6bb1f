import { ConfigurationError } from '../errors/index.ts';

/** The columns that tell how complete an output row's sources were. */
export interface Quality {
  /** 0 to 100. */
  readonly quality_score: number;
  readonly quality_tier: QualityTier;
  /** Bronze or better. */
  readonly is_production_ready: boolean;
}

export type QualityTier = 'gold' | 'silver' | 'bronze' | 'poor' | 'unusable';

export interface QualityInput {
  /** Each required source: what was found of what it should have. More than wanted counts as all; nothing wanted, too. */
  readonly sources: readonly { readonly found: number; readonly wanted: number }[];
  /** How many fallbacks stood in for a first source. Default: 0. */
  readonly fallbacks?: number | undefined;
}

/**
 * Judges an output row by its sources: 100 times the smallest share found, less 10 for each fallback.
 *
 * @example
 * quality({ sources: [{ found: 15, wanted: 16 }], fallbacks: 1 });
 * // { quality_score: 83.75, quality_tier: 'silver', is_production_ready: true }
 * @throws ConfigurationError for a count that is negative or not whole.
 */
export function quality({ sources, fallbacks = 0 }: QualityInput): Quality {
  requireCount('quality.fallbacks', fallbacks);
  const shares = sources.map(({ found, wanted }, index) => {
    requireCount(`quality.sources[${index}].found`, found);
    requireCount(`quality.sources[${index}].wanted`, wanted);
    // Multiplied before it is divided: a share that is a whole percentage comes out whole and meets its tier's limit.
    return wanted === 0 ? 100 : Math.min(100, (100 * found) / wanted);
  });
  const score = Math.max(0, Math.min(100, ...shares) - 10 * fallbacks);
  const tier = tiers.find(({ from }) => score >= from)!.tier;
  return { quality_score: score, quality_tier: tier, is_production_ready: score >= productionReady };
}

const productionReady = 50;

const tiers: readonly { readonly tier: QualityTier; readonly from: number }[] = [
  { tier: 'gold', from: 95 },
  { tier: 'silver', from: 75 },
  { tier: 'bronze', from: productionReady },
  { tier: 'poor', from: 25 },
  { tier: 'unusable', from: 0 },
];

function requireCount(field: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new ConfigurationError(field, 'a whole number of at least 0', value);
  }
}
