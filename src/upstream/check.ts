import type { QueryParameter } from '../clients/index.ts';

/**
 * One declared dependency, as plain data. Made by `schedule`, `rows`, `anyOf`, `snapshot`, `outputOf` and `query`; those of many
 * runs are combined into one query.
 */
export interface UpstreamCheck {
  readonly name: string;
  /** The tables it reads, as `dataset.table`: what `tableUpdated` is matched against. */
  readonly tables: readonly string[];
  /** The output it waits for, if it is another processor's: the job order is made from these. */
  readonly output?: string | undefined;
  /** What is asked. */
  readonly plan: CheckPlan;
}

export type CheckPlan =
  | {
      readonly kind: 'games';
      readonly schedule: ScheduleSource;
      readonly range: DayRange;
      readonly final: boolean;
    }
  | {
      readonly kind: 'per_game';
      readonly schedule: ScheduleSource;
      readonly range: DayRange;
      readonly sources: readonly RowSource[];
      readonly share: number;
    }
  | { readonly kind: 'count'; readonly range: DayRange; readonly source: RowSource; readonly unit: string }
  | {
      readonly kind: 'query';
      readonly sql: string;
      readonly params: Readonly<Record<string, QueryParameter>>;
    };

/** Days, `YYYY-MM-DD`, both ends included. */
export interface DayRange {
  readonly startDate: string;
  readonly endDate: string;
}

export interface ScheduleSource {
  readonly table: string;
  readonly sport: 'nba' | 'mlb';
}

/** Rows of one table, of which at least so many are wanted. */
export interface RowSource {
  readonly table: string;
  /** The column that holds the day. */
  readonly dateColumn: string;
  readonly where: Readonly<Record<string, string | number | boolean>>;
  /** Different values of this column are counted instead of rows. */
  readonly distinct: string | undefined;
  readonly atLeast: number;
  /** Milliseconds; the newest row must not be older. Not asked of backfills. */
  readonly fresherThan: number | undefined;
}

/** Whether new rows of the table for the dates (none: for whichever) can change the check's answer. */
export function isTouchedBy(check: UpstreamCheck, table: string, dates: readonly string[]): boolean {
  if (!check.tables.includes(table)) return false;
  const { plan } = check;
  // What a hand-written query reads of the table nobody knows.
  if (dates.length === 0 || plan.kind === 'query') return true;
  const { startDate, endDate } = plan.range;
  return dates.some((date) => date >= startDate && date <= endDate);
}
