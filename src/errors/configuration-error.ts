import { BreakwaterError } from './breakwater-error.ts';

/**
 * A setting, an option or a wiring is wrong. The message names the field, what was given and what is allowed.
 */
export class ConfigurationError extends BreakwaterError {
  override readonly name = 'ConfigurationError';
  readonly kind = 'permanent';

  /**
   * @param field The option's name as its user wrote it, such as `retry.attempts`.
   * @param allowed What the option takes, as the end of the sentence "must be …".
   * @param given The value that was given.
   */
  constructor(field: string, allowed: string, given: unknown, options?: ErrorOptions) {
    super(`${field} must be ${allowed}, received ${show(given)}`, options);
    this.field = field;
    this.allowed = allowed;
    this.given = given;
  }

  readonly field: string;
  readonly allowed: string;
  readonly given: unknown;
}

// Long or nested values are cut: an error must never print a whole payload, which may hold secrets.
function show(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value);
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null)
    return `an object with ${Object.keys(value).slice(0, 5).join(', ') || 'no fields'}`;
  if (typeof value === 'bigint') return `${value}n`;
  return String(value);
}
