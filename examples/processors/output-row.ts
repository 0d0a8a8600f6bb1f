import { dataHash, type Quality } from 'breakwater';

/** The columns that every output row ends with. */
export interface Provenance {
  /** First 16 hexadecimal digits of the SHA-256 of the row's own columns. */
  readonly data_hash: string;
  /** ISO 8601. */
  readonly processed_at: string;
}

/** An output row: its own columns, signed, with where they come from and how complete that was. */
export function outputRow<Own extends object, Source extends object>(
  own: Own,
  about: { readonly sources: Source; readonly quality: Quality; readonly processedAt: number },
): Own & Provenance & Source & Quality {
  return {
    ...own,
    data_hash: dataHash(own),
    processed_at: new Date(about.processedAt).toISOString(),
    ...about.sources,
    ...about.quality,
  };
}
