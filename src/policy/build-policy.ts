import { ConfigurationError } from '../errors/index.ts';
import { type Clock, realClock } from '../time/index.ts';
import { Call } from './call.ts';
import type { Layer } from './layer.ts';
import type { AsyncFunction, Attempt, ExecuteOptions, Policy } from './policy.ts';

const layersOf = new WeakMap<object, readonly Layer[]>();

/** A frozen policy of the layers, outermost first. */
export function buildPolicy(layers: readonly Layer[]): Policy {
  const clock = sharedClock(layers);
  const policy: Policy = {
    execute: <T>(operation: (attempt: Attempt) => Promise<T> | T, options?: ExecuteOptions) =>
      new Call(layers, clock, operation, options).execute<T>(),
    executeOutcome: <T>(operation: (attempt: Attempt) => Promise<T> | T, options?: ExecuteOptions) =>
      new Call(layers, clock, operation, options).executeOutcome<T>(),
    wrap<F extends AsyncFunction>(fn: F): F {
      const wrapped = function (this: unknown, ...args: unknown[]) {
        return new Call(layers, clock, () => fn.apply(this, args), undefined).execute();
      };
      return wrapped as unknown as F;
    },
  };
  return register(policy, layers);
}

/** Marks the policy as made of the layers, so that `compose` can fuse it, and freezes it. */
export function register<P extends Policy>(policy: P, layers: readonly Layer[]): P {
  layersOf.set(policy, layers);
  return Object.freeze(policy);
}

/**
 * One policy of several, outermost first: their layers run in one loop.
 *
 * @throws ConfigurationError for none, for what is no policy, and for policies on different clocks.
 */
export function compose(...policies: readonly Policy[]): Policy {
  if (policies.length === 0) throw new ConfigurationError('compose', 'given at least one policy', policies);
  return buildPolicy(
    policies.flatMap((policy, index) => {
      const layers = layersOf.get(policy);
      if (layers === undefined) throw new ConfigurationError(`compose[${index}]`, 'a policy', policy);
      return layers;
    }),
  );
}

function sharedClock(layers: readonly Layer[]): Clock {
  const [first, ...others] = layers.map(({ clock }) => clock);
  if (others.some((clock) => clock !== first)) {
    throw new ConfigurationError(
      'compose',
      'given policies that share a clock',
      'policies with different clocks',
    );
  }
  return first ?? realClock;
}
