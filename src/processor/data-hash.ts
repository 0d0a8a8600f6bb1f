import { createHash } from 'node:crypto';
import { InvalidDataError } from '../errors/index.ts';
import { canonicalJson } from './canonical-json.ts';

/**
 * The fingerprint of an output row: the first 16 hexadecimal digits of the SHA-256 of its own columns, as JSON with
 * sorted keys. Two rows that say the same have the same one, whenever they were made and from whichever source; so the
 * columns about the making (`data_hash`, `processed_at`, `source_…`, `quality_…`, `is_production_ready`) are left out.
 *
 * @throws InvalidDataError for a value that JSON can't hold: undefined, NaN, an infinity.
 */
export function dataHash(row: object): string {
  const own = Object.entries(row).filter(([column]) => !aboutTheMaking.test(column));
  for (const [column, value] of own) requireHashable(column, value);
  return createHash('sha256')
    .update(canonicalJson(Object.fromEntries(own)))
    .digest('hex')
    .slice(0, 16);
}

const aboutTheMaking = /^(data_hash|processed_at|source_.*|quality_.*|is_production_ready)$/;

function requireHashable(column: string, value: unknown): void {
  if (value === undefined || (typeof value === 'number' && !Number.isFinite(value))) {
    throw new InvalidDataError(
      `Column ${column} is ${value}: an output column is null or a value that JSON can hold`,
    );
  }
}
