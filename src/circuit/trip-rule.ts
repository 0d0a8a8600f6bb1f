import { ConfigurationError } from '../errors/index.ts';
import type { TripState } from './record.ts';

/** One counted call, or one that is still running when it passes a mark. */
export interface Sample {
  readonly failed: boolean;
  /** Milliseconds that the call took, or has been running. */
  readonly duration: number;
  /** It is still running; it will be counted again when it ends. */
  readonly running: boolean;
  /** The last of the rule's marks at which this call was reported as running; 0 if it was at none. */
  readonly reportedAt: number;
}

/** The decision when to open, apart from the state machine that follows from it. Its state is JSON, kept in the record. */
export interface TripRule {
  readonly name: string;
  readonly initial: TripState;
  /** The state after one more sample; the same state if nothing changes. */
  record(state: TripState, sample: Sample, now: number): TripState;
  trips(state: TripState, now: number): boolean;
  /** What it looks at besides `failed`; what it does not need is not measured. Default: `duration`. */
  readonly needs?: 'nothing' | 'time' | 'duration' | undefined;
  /**
   * What its state counts, with all parameters that the state depends on: what another rule has counted is not taken over from a
   * snapshot or a store. Default: the name.
   */
  readonly counts?: string | undefined;
  /** Milliseconds, ascending: a call still running then is reported. */
  readonly marks?: readonly number[] | undefined;
}

export interface TripRuleDefinition<State extends TripState> {
  /**
   * For people, and by it a state in a snapshot or a store is known for its own: rules whose states mean different things have
   * different names.
   */
  readonly name: string;
  /** What it starts from whenever the circuit changes its state. */
  readonly initial: State;
  /** Pure: the state after one more call. Gives the state it got if nothing changes. */
  readonly record: (state: State, sample: Sample, now: number) => State;
  /** Pure: whether the circuit is to open. */
  readonly trips: (state: State, now: number) => boolean;
  /** Milliseconds after which a call that is still running is reported as a sample. Default: none. */
  readonly marks?: readonly number[] | undefined;
}

/**
 * A trip rule of your own. Its state lives in the circuit's record, so it is JSON.
 *
 * @example
 * const threeStrikes = defineTripRule({
 *   name: 'threeStrikes',
 *   initial: 0,
 *   record: (strikes, { failed }) => (failed ? strikes + 1 : strikes),
 *   trips: (strikes) => strikes >= 3,
 * });
 * @throws ConfigurationError naming what is missing.
 */
export function defineTripRule<const State extends TripState>(
  definition: TripRuleDefinition<Widened<State>>,
): TripRule {
  if (typeof definition !== 'object' || definition === null)
    throw new ConfigurationError('defineTripRule', 'given an object', definition);
  const { name, initial, record, trips, marks } = definition;
  if (typeof name !== 'string' || name === '')
    throw new ConfigurationError('defineTripRule.name', 'a name', name);
  if (!isJson(initial)) throw new ConfigurationError('defineTripRule.initial', 'JSON', initial);
  if (typeof record !== 'function')
    throw new ConfigurationError('defineTripRule.record', 'a function', record);
  if (typeof trips !== 'function') throw new ConfigurationError('defineTripRule.trips', 'a function', trips);
  checkMarks('defineTripRule.marks', marks);
  return Object.freeze<TripRule>({
    name,
    initial,
    record: record as TripRule['record'],
    trips: trips as TripRule['trips'],
    ...(marks === undefined ? {} : { marks: [...marks] }),
  });
}

/** @throws ConfigurationError unless they are milliseconds above 0, ascending. */
export function checkMarks(field: string, marks: TripRule['marks']): void {
  if (marks === undefined) return;
  const ascend = (mark: unknown, index: number) =>
    typeof mark === 'number' && mark > (marks[index - 1] ?? 0) && mark < Infinity;
  if (!Array.isArray(marks) || !marks.every(ascend))
    throw new ConfigurationError(field, 'milliseconds above 0, ascending', marks);
}

type Widened<State> = State extends number
  ? number
  : State extends boolean
    ? boolean
    : State extends string
      ? string
      : State;

// Deeper than any state need be: what holds itself is no JSON.
const deepest = 100;

export function isJson(value: unknown, depth = 0): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || depth > deepest) return false;
  return Object.values(value).every((part) => isJson(part, depth + 1));
}

/** What the rule's state counts. */
export function countsOf(rule: TripRule): string {
  return rule.counts ?? rule.name;
}

/**
 * Opens after `count` failures with no success between them.
 *
 * @throws ConfigurationError unless `count` is a whole number of at least 1.
 */
export function consecutiveFailures(count: number): TripRule {
  return Object.freeze(new ConsecutiveFailures(count));
}

// A class, not a literal with closures: there may be one for each of very many breakers.
class ConsecutiveFailures implements TripRule {
  readonly #count: number;

  constructor(count: number) {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new ConfigurationError('consecutiveFailures', 'a whole number of at least 1', count);
    }
    this.#count = count;
  }

  get name(): string {
    return 'consecutiveFailures';
  }

  get initial(): TripState {
    return 0;
  }

  get needs(): 'nothing' {
    return 'nothing';
  }

  record(state: TripState, { failed, running }: Sample): TripState {
    if (running) return state;
    return failed ? (state as number) + 1 : 0;
  }

  trips(state: TripState): boolean {
    return (state as number) >= this.#count;
  }
}
