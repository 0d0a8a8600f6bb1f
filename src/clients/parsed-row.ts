import type { z } from 'zod';
import { InvalidDataError } from '../errors/index.ts';

/**
 * A row of a query's result as the schema gives it.
 *
 * @param index From 0.
 * @throws InvalidDataError naming row and column.
 */
export function parsedRow<Row>(schema: z.ZodType<Row>, row: unknown, index: number): Row {
  const parsed = schema.safeParse(row);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InvalidDataError(
    `Row ${index + 1} of the query: column "${issue?.path.join('.') ?? '?'}": ${issue?.message}`,
    { cause: parsed.error },
  );
}
