import type { UpstreamAnswer } from './answer.ts';
import type { UpstreamCheck } from './check.ts';

/** Asks upstream checks: combined into one query, single-flight, remembered, and no more often than the interval allows. */
export interface UpstreamReader {
  /** Answers by key; every request's key has one. Never throws but for the caller's own abort: a failed look is `unknown`. */
  ask(requests: readonly UpstreamRequest[], call?: AskOptions): Promise<ReadonlyMap<string, UpstreamAnswer>>;
  /** A publisher says that the table has new rows for the dates: remembered answers that read it are dropped. */
  tableUpdated(table: string, dates: readonly string[]): void;
}

export interface UpstreamRequest {
  /** The output and date: `nba_analytics.team_offense_game_summary/2025-03-15`. */
  readonly key: string;
  readonly date: string;
  readonly checks: readonly UpstreamCheck[];
  /** A backfill of an old date: freshness is not asked for. Default: false. */
  readonly backfill?: boolean | undefined;
  /**
   * What is remembered does not count: the key is `due` to be looked at, or a table that it reads was `updated` since the last look.
   * Default: it counts.
   */
  readonly anew?: 'due' | 'updated' | undefined;
}

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  /** Monotonic milliseconds by which the answer must be there. */
  readonly deadline?: number | undefined;
}
