import { ConfigurationError } from '../errors/index.ts';
import { type Clock, realClock } from '../time/index.ts';

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
  if (typeof clock?.now !== 'function' || typeof clock.setTimer !== 'function')
    throw new ConfigurationError(`${policy}.clock`, 'a clock', clock);
  for (const name of ['on', 'handle', 'random'] as const) {
    const given = options[name];
    if (given !== undefined && typeof given !== 'function')
      throw new ConfigurationError(`${policy}.${name}`, 'a function', given);
  }
  return clock;
}
