import { ConfigurationError } from '../errors/index.ts';

/** @throws ConfigurationError unless the value is a whole number of at least `least`. */
export function whole(field: string, value: number, least = 1): void {
  if (!(Number.isSafeInteger(value) && value >= least))
    throw new ConfigurationError(field, `a whole number of at least ${least}`, value);
}
