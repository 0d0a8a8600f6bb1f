import type { DayRange, ScheduleSource } from './check.ts';

/**
 * The key that NBA box-score tables give a game, which the schedule knows by a number: `20260115_MEM_ORL`. A join that forgets
 * this can never be true.
 */
export function gameCode(date: string, away: string, home: string): string {
  return `${date.replaceAll('-', '')}_${away}_${home}`;
}

const nbaCode = "CONCAT(FORMAT_DATE('%Y%m%d', game_date), '_', away_team_tricode, '_', home_team_tricode)";

interface Sport {
  /** What identifies a game in the schedule. */
  readonly id: string;
  /** What box-score tables join on: their column, and the schedule's expression for it. */
  readonly joinColumn: string;
  readonly joinKey: string;
  readonly label: string;
  readonly final: string;
  /** Games that nobody waits for. */
  readonly leftOut: string;
}

const sports: Readonly<Record<ScheduleSource['sport'], Sport>> = {
  nba: {
    id: 'game_id',
    joinColumn: 'game_id',
    joinKey: nbaCode,
    label: "CONCAT(game_id, ' ', away_team_tricode, '@', home_team_tricode)",
    final: 'game_status = 3',
    leftOut:
      "COALESCE(is_all_star, FALSE) OR UPPER(COALESCE(game_status_text, '')) LIKE 'PPD%' OR UPPER(COALESCE(game_status_text, '')) LIKE 'POSTPONED%' OR UPPER(COALESCE(game_status_text, '')) LIKE 'CANCEL%'",
  },
  mlb: {
    id: 'game_pk',
    joinColumn: 'game_pk',
    joinKey: 'game_pk',
    label: "CONCAT(CAST(game_pk AS STRING), ' ', away_team_abbr, '@', home_team_abbr)",
    final: "status_detailed IN ('Final', 'Game Over', 'Completed Early')",
    leftOut: "status_detailed IN ('Postponed', 'Cancelled', 'Canceled', 'Suspended')",
  },
};

export function joinColumnOf(source: ScheduleSource): string {
  return sports[source.sport].joinColumn;
}

/**
 * The wanted games of the days as SQL: `game_date`, `join_key`, `label`, `is_final`, `processed_at`. The newest row of a game
 * counts, wherever it has moved to.
 *
 * @param first The parameter that holds the first day.
 * @param last The parameter that holds the last day.
 */
export function wantedGames(source: ScheduleSource, first: string, last: string): string {
  const { id, joinKey, label, final, leftOut } = sports[source.sport];
  return `SELECT game_date, ${joinKey} AS join_key, ${label} AS label, COALESCE(${final}, FALSE) AS is_final, processed_at
    FROM (SELECT * FROM ${source.table} QUALIFY ROW_NUMBER() OVER (PARTITION BY ${id} ORDER BY processed_at DESC) = 1) AS latest
    WHERE game_date BETWEEN ${first} AND ${last} AND NOT COALESCE(${leftOut}, FALSE)`;
}

/** Whether the schedule shows that it covers the days, as SQL: it knows of games before and after them, or on them. */
export function coverage(source: ScheduleSource, first: string, last: string): string {
  return `SELECT COALESCE(COUNTIF(game_date BETWEEN ${first} AND ${last}) > 0 OR (MIN(game_date) < ${first} AND MAX(game_date) > ${last}), FALSE) AS covered
    FROM ${source.table}`;
}

const easternDay = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'America/New_York',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
});

/**
 * The date of a game that starts at this moment, `YYYY-MM-DD`: a day in America/New_York, also on the west coast and after
 * midnight UTC.
 *
 * @param wall Wall-clock milliseconds since the Unix epoch.
 */
export function gameDate(wall: number): string {
  return easternDay.format(wall);
}

/** A range as people say it. */
export function daysText({ startDate, endDate }: DayRange): string {
  return startDate === endDate ? startDate : `${startDate} to ${endDate}`;
}
