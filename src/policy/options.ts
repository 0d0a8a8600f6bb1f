import { ConfigurationError } from '../errors/index.ts';
import { type Clock, realClock } from '../time/index.ts';
import type { ExecuteOptions } from './policy.ts';
import type { RetryBudget } from './retry-budget.ts';

/** Checks what the policies' options have in common. @throws ConfigurationError naming the option. */
export function checkCommon(
  policy: string,
  options: {
    readonly on?: unknown;
    readonly clock?: unknown;
    readonly handle?: unknown;
    readonly random?: unknown;
  },
): Clock {
  if (typeof options !== 'object' || options === null)
    throw new ConfigurationError(policy, 'given an object of options', options);
  const { clock = realClock } = options as { clock?: Clock };
  const parts = [clock?.now, clock?.wallNow, clock?.setTimer];
  if (!parts.every((part) => typeof part === 'function'))
    throw new ConfigurationError(`${policy}.clock`, 'a clock', clock);
  for (const name of ['on', 'handle', 'random'] as const) {
    const given = options[name];
    if (given !== undefined && typeof given !== 'function')
      throw new ConfigurationError(`${policy}.${name}`, 'a function', given);
  }
  return clock;
}

/** @throws ConfigurationError naming the option. */
export function checkBudget(policy: string, budget: RetryBudget | undefined): void {
  if (budget === undefined) return;
  if (typeof budget?.withdraw !== 'function' || typeof budget.deposit !== 'function')
    throw new ConfigurationError(`${policy}.budget`, 'a retryBudget', budget);
}

/**
 * What a call is made with. Takes what it knows of the caller's object: that may be shared, and hold more.
 *
 * @throws ConfigurationError naming the option.
 */
export function checkCall(made: string, options: ExecuteOptions | undefined): ExecuteOptions | undefined {
  if (options === undefined) return undefined;
  if (typeof options !== 'object' || options === null)
    throw new ConfigurationError(`${made}.options`, 'an object', options);
  const { signal, deadline, key } = options;
  if (signal !== undefined && typeof signal?.addEventListener !== 'function')
    throw new ConfigurationError(`${made}.signal`, 'an AbortSignal', signal);
  if (deadline !== undefined && (typeof deadline !== 'number' || Number.isNaN(deadline)))
    throw new ConfigurationError(`${made}.deadline`, 'monotonic milliseconds, or Infinity', deadline);
  return { signal, deadline, key };
}
