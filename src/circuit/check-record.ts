import { ConfigurationError } from '../errors/index.ts';
import type { CircuitRecord, CircuitState } from './record.ts';
import { isJson } from './trip-rule.ts';

const states: readonly CircuitState[] = ['closed', 'open', 'half-open', 'isolated'];

/**
 * A record from who knows where, without what is none of a record's. Its probes are those of another circuit: they are left out.
 *
 * @throws ConfigurationError naming the field.
 */
export function checkedRecord(field: string, given: CircuitRecord): CircuitRecord {
  if (typeof given !== 'object' || given === null)
    throw new ConfigurationError(field, "given a circuit's snapshot", given);
  const check = (name: keyof CircuitRecord, allowed: string, takes: (value: unknown) => boolean) => {
    if (!takes(given[name])) throw new ConfigurationError(`${field}.${name}`, allowed, given[name]);
  };
  check('state', `one of ${states.join(', ')}`, (state) => states.includes(state as CircuitState));
  for (const name of ['epoch', 'failures', 'nextProbe', 'successes'] as const)
    check(name, 'a whole number of at least 0', isWhole);
  check('trip', 'JSON', isJson);
  check('counts', 'text, if it is given', (counts) => counts === undefined || typeof counts === 'string');
  for (const name of ['openedAt', 'openUntil'] as const)
    check(name, 'milliseconds, or null', (at) => at === null || Number.isFinite(at));
  check(
    'growth',
    '{ steps, closedAt }, if it is given',
    (growth) => growth === undefined || isGrowth(growth),
  );
  const { state, epoch, trip, counts, failures, openedAt, openUntil, nextProbe, successes, growth } = given;
  const counted = { trip, counts, failures, successes, ...(growth !== undefined && { growth }) };
  return { state, epoch, ...counted, openedAt, openUntil, probes: [], lingering: [], nextProbe };
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isGrowth(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { steps, closedAt } = value as Partial<NonNullable<CircuitRecord['growth']>>;
  return isWhole(steps) && Number.isFinite(closedAt);
}
