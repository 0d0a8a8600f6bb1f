import type { z } from 'zod';
import { ConfigurationError } from '../errors/index.ts';

/**
 * The options as their schema makes them.
 *
 * They must outlive the process, as a parked run is started with them again: what they are as JSON must be the same options to
 * the schema.
 *
 * @param name The processor's.
 * @throws ConfigurationError naming the field.
 */
export function parseOptions<O>(name: string, schema: z.ZodType<O>, options: unknown): O {
  const parsed = schema.safeParse(options);
  if (!parsed.success) throw wrongOption(name, options, parsed.error);
  const kept = asKept(parsed.data);
  const again = schema.safeParse(kept);
  if (isRecord(kept) && again.success && JSON.stringify(again.data) === JSON.stringify(parsed.data))
    return parsed.data;
  throw new ConfigurationError(
    `${name}.options`,
    'an object that is the same to its schema when it comes back from JSON',
    parsed.data,
  );
}

function wrongOption(name: string, options: unknown, error: z.ZodError): ConfigurationError {
  const [issue] = error.issues;
  const path = issue?.path.map(String) ?? [];
  const given = path.reduce<unknown>(
    (value, field) => (value as Record<string, unknown> | undefined)?.[field],
    options,
  );
  const allowed = `as its schema says (${issue?.message})`;
  return new ConfigurationError([name, 'options', ...path].join('.'), allowed, given, { cause: error });
}

/** What the store would give back; undefined for what JSON can't hold at all. */
function asKept(options: unknown): unknown {
  try {
    const json = JSON.stringify(options);
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
