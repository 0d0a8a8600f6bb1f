import { ConfigurationError } from '../errors/index.ts';
import type { Work } from './attempt.ts';
import type { Nested, Split } from './chain.ts';
import { FusedPolicy } from './fused-policy.ts';
import { checkCall } from './options.ts';
import type { Attempt, ExecuteOptions, Policy } from './policy.ts';

/**
 * Calls what is inside the policy; may be called several times, also at once. Rejects with a ConfigurationError that names the
 * option if one is wrong.
 */
export type Next<T> = (options?: {
  /** Default: the attempt's. One of your own should follow that, or what is inside won't hear of the caller's abort. */
  readonly signal?: AbortSignal | undefined;
  /** Monotonic milliseconds. Default, and latest: the attempt's. */
  readonly deadline?: number | undefined;
}) => Promise<T>;

/**
 * A policy of your own: a function around what is inside. In `compose` it splits the loop in two.
 *
 * @typeParam Extra What may come out besides the operation's own result.
 * @example
 * const logged = definePolicy('logged', async (next, { attempt }) => {
 *   console.log(`attempt ${attempt}`);
 *   return next();
 * });
 * @throws ConfigurationError naming what is missing.
 */
export function definePolicy<Extra = never>(
  name: string,
  run: <T>(next: Next<T>, attempt: Attempt) => Promise<T | Extra> | T | Extra,
): Policy<Extra> {
  if (typeof name !== 'string' || name === '')
    throw new ConfigurationError('definePolicy.name', 'a name', name);
  if (typeof run !== 'function') throw new ConfigurationError(`definePolicy.${name}`, 'a function', run);
  return Object.freeze(new FusedPolicy<Extra>(new DefinedSplit(name, run)));
}

class DefinedSplit implements Split {
  readonly clock = undefined;
  readonly #name: string;
  readonly #run: (next: Next<unknown>, attempt: Attempt) => unknown;

  constructor(name: string, run: (next: Next<unknown>, attempt: Attempt) => unknown) {
    this.#name = name;
    this.#run = run;
  }

  async run(next: Nested, attempt: Work): Promise<unknown> {
    const latest = attempt.deadline;
    const checked: Next<unknown> = (options) => {
      let given: ExecuteOptions | undefined;
      try {
        given = checkCall(`definePolicy.${this.#name}.next`, options);
      } catch (error) {
        return Promise.reject(error);
      }
      return next({ signal: given?.signal, deadline: Math.min(given?.deadline ?? Infinity, latest) });
    };
    return this.#run(checked, attempt);
  }
}
