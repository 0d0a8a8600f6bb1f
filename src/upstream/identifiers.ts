import { z } from 'zod';
import { ConfigurationError } from '../errors/index.ts';
import type { DayRange } from './check.ts';

const name = '[A-Za-z_][A-Za-z0-9_]*';
const column = new RegExp(`^${name}$`);
const table = new RegExp(`^([a-z][a-z0-9-]*\\.)?${name}\\.${name}$`);
const day = z.iso.date();

/** A table's name as it may stand in SQL. @throws ConfigurationError */
export function tableName(field: string, value: string): string {
  if (typeof value === 'string' && table.test(value)) return value;
  throw new ConfigurationError(field, "a table such as 'nba_raw.nbac_schedule'", value);
}

/** A column's name as it may stand in SQL. @throws ConfigurationError */
export function columnName(field: string, value: string): string {
  if (typeof value === 'string' && column.test(value)) return value;
  throw new ConfigurationError(field, "a column such as 'game_date'", value);
}

/** Days that exist, in order. @throws ConfigurationError */
export function dayRange({ startDate, endDate }: DayRange): DayRange {
  for (const [field, value] of Object.entries({ startDate, endDate })) {
    if (!day.safeParse(value).success)
      throw new ConfigurationError(field, 'a day that exists, YYYY-MM-DD', value);
  }
  if (startDate > endDate)
    throw new ConfigurationError('endDate', `on or after startDate (${startDate})`, endDate);
  return Object.freeze({ startDate, endDate });
}
