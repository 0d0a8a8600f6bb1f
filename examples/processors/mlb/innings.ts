import { InvalidDataError } from 'breakwater';

/**
 * Outs of innings as baseball writes them: `6.1` is six innings and one out, nineteen outs, never six and a tenth.
 *
 * @throws InvalidDataError for a text that is not of that kind.
 */
export function outsOf(innings: string): number {
  const match = /^(\d+)(?:\.([012]))?$/.exec(innings.trim());
  if (match === null)
    throw new InvalidDataError(
      `innings_pitched must be innings and outs such as 6.1, received ${JSON.stringify(innings)}`,
    );
  return 3 * Number(match[1]) + Number(match[2] ?? 0);
}
