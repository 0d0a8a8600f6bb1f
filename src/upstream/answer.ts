/** What upstream answered for one output and date. */
export type UpstreamAnswer =
  | { readonly status: 'ready'; readonly dependencies: readonly Dependency[] }
  | {
      readonly status: 'not_ready';
      /** `no_games` only when the schedule demonstrably covers the date and has no game on it. */
      readonly reason: 'missing' | 'no_games';
      /** A line each for what is missing, for people: `6 of 8 games final (missing 0022400974, 0022400978)`. */
      readonly missing: readonly string[];
      readonly dependencies: readonly Dependency[];
    }
  /** Could not look: nothing is known. */
  | { readonly status: 'unknown'; readonly error: unknown };

/** One declared dependency and what was found of it. */
export interface Dependency {
  /** The check's name, such as `nba_raw.nbac_schedule final`. */
  readonly name: string;
  readonly table: string;
  readonly ready: boolean;
  /** How many were found, of how many wanted (games, rows, teams: see `unit`). */
  readonly found: number;
  readonly wanted: number;
  readonly unit: string;
  /** The newest `processed_at` seen, ISO 8601, or null. */
  readonly newest: string | null;
}
