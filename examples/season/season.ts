export type Sport = 'nba' | 'mlb';

/** A row as its table's NDJSON file has it; timestamps as `2026-01-16T03:40:00Z`. */
export type Row = Readonly<Record<string, string | number | boolean | null>>;

/** A game that is played. Instants are milliseconds since the Unix epoch. */
export interface Game {
  /** As the schedule names it: `0022500529`, or the `game_pk` as text. */
  readonly id: string;
  /** As box scores name it: `20260115_MEM_ORL`, or the `game_pk` as text. */
  readonly boxScoreId: string;
  /** The day it is played, in New York. */
  readonly date: string;
  readonly home: string;
  readonly away: string;
  readonly startsAt: number;
  /** Reading this or a score plays the game. */
  readonly endsAt: number;
  readonly homeScore: number;
  readonly awayScore: number;
  /** The day it was first set for, and when it was put off. */
  readonly postponed: Postponement | null;
}

export interface Postponement {
  readonly date: string;
  readonly startsAt: number;
  readonly announcedAt: number;
}

/**
 * A season of raw tables, drawn when asked for. The same options give the same rows, in whatever order they are asked for.
 */
export interface Season {
  readonly sport: Sport;
  readonly seed: number;
  /** The tables, as `<dataset>.<table>`. */
  readonly tables: readonly string[];
  /** Every day from the first to the last, with games or without. */
  readonly dates: readonly string[];
  /** The games played on a day, by their start. */
  games(date: string): readonly Game[];
  /**
   * @param id As the schedule or as box scores name it.
   * @throws ConfigurationError when no game has it.
   */
  game(id: string | number): Game;
  /**
   * A table's rows of one day.
   *
   * @param options.at Only what is known at this instant, as it is known then: a game that runs has no box score yet, and the
   *   schedule says so. Default: when all is over.
   * @throws ConfigurationError for a table that the season does not have.
   */
  rows(table: string, date: string, options?: { readonly at?: number | undefined }): readonly Row[];
}

/** A raw table of a league: its rows of a day, as they are at an instant. */
export interface Table<League> {
  readonly name: string;
  rows(league: League, date: string, at: number): Row[];
}
