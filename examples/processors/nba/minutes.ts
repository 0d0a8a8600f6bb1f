import { InvalidDataError } from 'breakwater';

/**
 * Minutes on the floor as a number: a gamebook has `34:12`, a box score whole minutes.
 *
 * @throws InvalidDataError for a text that is neither.
 */
export function minutesOf(value: string | number | null): number | null {
  if (value === null || typeof value === 'number') return value;
  const match = /^(\d{1,3})(?::([0-5]\d))?$/.exec(value.trim());
  if (match === null)
    throw new InvalidDataError(`minutes must be MM:SS or whole minutes, received ${JSON.stringify(value)}`);
  return Number(match[1]) + Number(match[2] ?? 0) / 60;
}

/** As the output stores them: one decimal. */
export function roundedMinutes(minutes: number | null): number | null {
  return minutes === null ? null : Math.round(minutes * 10) / 10;
}
