import { ConfigurationError, TooFewAnswersError } from '../errors/index.ts';
import type { AnyFunction } from './policy.ts';
import { whole } from './whole.ts';

/** Functions that answer the same question, each with policies of its own. */
export type Members = Readonly<Record<string, AnyFunction>> | readonly AnyFunction[];

type MemberOf<M extends Members> = M extends readonly (infer F extends AnyFunction)[]
  ? F
  : M extends Readonly<Record<string, infer F extends AnyFunction>>
    ? F
    : never;

export interface EnsembleOptions {
  /** With fewer answers than this the whole fails. Default: 1. */
  readonly minimum?: number | undefined;
}

export interface EnsembleResult<T> {
  /** In the order of the members. */
  readonly answers: readonly { readonly member: string; readonly value: T }[];
  readonly failures: readonly { readonly member: string; readonly error: unknown }[];
}

/**
 * Asks all members at once, and gives what those that work have answered. It waits for each: bound a member by a policy of
 * its own.
 *
 * @example
 * const predict = ensemble({ elo: eloBreaker.wrap(elo), market: marketBreaker.wrap(market) }, { minimum: 1 });
 * const { answers } = await predict(game);
 * @returns A function of the members' arguments; it throws TooFewAnswersError if fewer than `minimum` answer.
 * @throws ConfigurationError naming the option.
 */
export function ensemble<const M extends Members>(
  members: M,
  options: EnsembleOptions = {},
): (...args: Parameters<MemberOf<M>>) => Promise<EnsembleResult<Awaited<ReturnType<MemberOf<M>>>>> {
  if (typeof members !== 'object' || members === null)
    throw new ConfigurationError('ensemble.members', 'an object of functions', members);
  const entries = Object.entries<AnyFunction>(members as Readonly<Record<string, AnyFunction>>);
  if (entries.length === 0)
    throw new ConfigurationError('ensemble.members', 'at least one function', members);
  for (const [name, member] of entries) {
    if (typeof member !== 'function')
      throw new ConfigurationError(`ensemble.members.${name}`, 'a function', member);
  }
  if (typeof options !== 'object' || options === null)
    throw new ConfigurationError('ensemble.options', 'an object', options);
  const { minimum = 1 } = options;
  whole('ensemble.minimum', minimum);
  if (minimum > entries.length)
    throw new ConfigurationError(
      'ensemble.minimum',
      `at most the number of members (${entries.length})`,
      minimum,
    );

  return async (...args) => {
    const settled = await Promise.allSettled(entries.map(async ([, member]) => member(...args)));
    const answers: { member: string; value: Awaited<ReturnType<MemberOf<M>>> }[] = [];
    const failures: { member: string; error: unknown }[] = [];
    settled.forEach((result, index) => {
      const member = entries[index]?.[0] as string;
      if (result.status === 'fulfilled')
        answers.push({ member, value: result.value as Awaited<ReturnType<MemberOf<M>>> });
      else failures.push({ member, error: result.reason });
    });
    if (answers.length < minimum) throw new TooFewAnswersError(answers.length, minimum, failures);
    return { answers, failures };
  };
}
