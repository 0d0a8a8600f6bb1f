import type { BigQueryClient } from 'breakwater';
import { addDays } from '../dates.ts';
import { differences } from '../processors/independent/compare.ts';
import { independentOutputs } from '../processors/independent/outputs.ts';
import type { RawRow, RawTables } from '../processors/independent/raw.ts';
import { processors } from '../processors/index.ts';
import type { Season } from '../season/index.ts';

export interface CheckedOutput {
  readonly output: string;
  readonly date: string;
  readonly rows: number;
  /** How the rows differ from those computed from the raw rows, without SQL. */
  readonly differences: readonly string[];
}

/**
 * Computes all outputs of some days once more, in plain TypeScript from the raw rows, and compares row for row.
 *
 * @param loaded The days of which the warehouse has raw rows.
 */
export async function checkDays(
  bigquery: BigQueryClient,
  season: Season,
  days: readonly string[],
  loaded: readonly string[],
): Promise<readonly CheckedOutput[]> {
  const checked: CheckedOutput[] = [];
  for (const date of days) {
    const raw = rawUntil(season, date, loaded);
    for (const { processor } of processors.filter(({ processor }) => processor.sport === season.sport)) {
      const { output, partition, key } = processor;
      const rows = await bigquery.query<RawRow>(`SELECT * FROM ${output} WHERE ${partition} = @date`, {
        params: { date },
        types: { date: 'DATE' },
      });
      const expected = independentOutputs[output]!(raw, date);
      checked.push({ output, date, rows: rows.length, differences: differences(rows, expected, key) });
    }
  }
  return checked;
}

/** What the processors of a day read: NBA windows reach a month back and a week ahead, MLB ones to opening day. */
function rawUntil(season: Season, date: string, loaded: readonly string[]): RawTables {
  const [first, last] =
    season.sport === 'nba' ? [addDays(date, -31), addDays(date, 8)] : [season.dates[0]!, date];
  const days = [addDays(loaded[0]!, -1), ...loaded].filter((day) => first <= day && day <= last);
  return Object.fromEntries(
    season.tables.map((table) => {
      const wanted = table === 'nba_raw.bigdataball_play_by_play' ? [date] : days;
      return [table, wanted.flatMap((day) => [...season.rows(table, day)])];
    }),
  );
}

/** Three days that have something to them: an overtime or a doubleheader, a trade, and the last but one. */
export function samplesOf(season: Season, days: readonly string[]): readonly string[] {
  const has = (table: string, holds: (row: RawRow) => boolean) => (day: string) =>
    season.tables.includes(table) && season.rows(table, day).some(holds);
  const busy = days.filter((day) => season.games(day).length > 0);
  const late = busy.slice(Math.floor(busy.length / 3));
  const special = [
    late.find(has('nba_raw.nbac_team_boxscore', (row) => Number(row.minutes) > 240)),
    late.find((day) =>
      has('nba_raw.nbac_player_movement', (row) => row.transaction_type === 'Trade')(addDays(day, -1)),
    ),
    late.find(has('mlb_raw.mlb_schedule', (row) => row.game_number === 2)),
    late.find(has('mlb_raw.mlb_schedule', (row) => row.status_detailed === 'Completed Early')),
    busy.at(-2),
    busy[Math.floor(busy.length / 2)],
    busy.at(-1),
  ];
  return [...new Set(special.filter((day) => day !== undefined))].slice(0, 3);
}
