import { parse } from '@lukeed/ms';
import { ConfigurationError } from '../errors/index.ts';

/** Milliseconds, or a string such as `'250ms'`, `'30s'`, `'5m'`, `'4h'`, `'7d'`. */
export type Duration = number | string;

/** What a duration option takes besides positive finite durations. */
export interface DurationRule {
  /** Whether zero is taken. Default: false. */
  readonly zero?: boolean;
  /** Whether `Infinity` ("no limit") is taken. Default: false. */
  readonly infinite?: boolean;
}

/**
 * A duration in milliseconds.
 *
 * @param field The option's name, for the error.
 * @throws ConfigurationError if it is not a duration that the rule takes.
 */
export function milliseconds(field: string, value: Duration, rule: DurationRule = {}): number {
  const parsed = typeof value === 'string' ? parseDuration(value) : value;
  const valid = Number.isFinite(parsed)
    ? parsed > 0 || (parsed === 0 && rule.zero === true)
    : parsed === Infinity && rule.infinite === true;
  if (!valid) throw new ConfigurationError(field, describe(rule), value);
  return parsed;
}

function parseDuration(text: string): number {
  // The library takes a bare or signed zero for "not a duration".
  if (/^0+(\.0+)?\s*[a-z]*$/i.test(text)) return parse(text.replace('0', '1')) === undefined ? Number.NaN : 0;
  return parse(text) ?? Number.NaN;
}

function describe({ zero, infinite }: DurationRule): string {
  const least = zero ? 'zero or more' : 'more than zero';
  return `a finite duration of ${least}, in milliseconds or as text such as '30s'${infinite ? ', or Infinity' : ''}`;
}
