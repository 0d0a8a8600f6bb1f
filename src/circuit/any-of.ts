import { ConfigurationError } from '../errors/index.ts';
import type { TripState } from './record.ts';
import { countsOf, type TripRule } from './trip-rule.ts';

/**
 * Opens when one of the rules does; each keeps its own count.
 *
 * @throws ConfigurationError for none, or for what is no trip rule.
 */
export function anyOf(...rules: readonly TripRule[]): TripRule {
  if (rules.length === 0) throw new ConfigurationError('anyOf', 'given at least one trip rule', rules);
  rules.forEach((rule, index) => {
    if (typeof rule?.trips !== 'function' || typeof rule.record !== 'function')
      throw new ConfigurationError(`anyOf[${index}]`, 'a trip rule', rule);
  });
  const needs = rules.map((rule) => rule.needs ?? 'duration');
  const marks = [...new Set(rules.flatMap((rule) => rule.marks ?? []))].sort((a, b) => a - b);
  const each = (states: TripState, change: (rule: TripRule, state: TripState) => TripState) => {
    const before = states as readonly TripState[];
    const after = rules.map((rule, index) => change(rule, before[index] as TripState));
    return after.every((state, index) => state === before[index]) ? states : after;
  };
  return Object.freeze<TripRule>({
    name: `anyOf(${rules.map(({ name }) => name).join(', ')})`,
    counts: `anyOf(${rules.map(countsOf).join(', ')})`,
    initial: rules.map(({ initial }) => initial),
    needs: needs.includes('duration') ? 'duration' : needs.includes('time') ? 'time' : 'nothing',
    ...(marks.length === 0 ? {} : { marks }),
    record: (states, sample, now) => each(states, (rule, state) => rule.record(state, sample, now)),
    trips: (states, now) =>
      rules.some((rule, index) => rule.trips((states as readonly TripState[])[index] as TripState, now)),
  });
}
