import { ConfigurationError } from '../errors/index.ts';
import type { Part } from './chain.ts';
import { FusedPolicy } from './fused-policy.ts';
import type { Policy } from './policy.ts';

/** What may come out of a policy besides the operation's own result. */
export type ExtraOf<P> = P extends Policy<infer Extra> ? Extra : never;

/**
 * One policy of several, outermost first: their layers run in one loop.
 *
 * @example
 * const policy = compose(retry(), circuitBreaker({ name: 'odds-api' }), timeout({ after: '10s' }));
 * @throws ConfigurationError for none, for what is no policy, and for policies on different clocks.
 */
export function compose<P extends readonly Policy<unknown>[]>(...policies: P): Policy<ExtraOf<P[number]>> {
  if (policies.length === 0) throw new ConfigurationError('compose', 'given at least one policy', policies);
  const parts = policies.flatMap((policy, index): readonly Part[] => {
    const of = typeof policy === 'object' && policy !== null ? FusedPolicy.partsOf(policy) : undefined;
    if (of === undefined) throw new ConfigurationError(`compose[${index}]`, 'a policy', policy);
    return of;
  });
  return Object.freeze(new FusedPolicy<ExtraOf<P[number]>>(parts));
}
