import { vi } from 'vitest';
import { ServiceError } from '../../src/errors/index.ts';
import { type CircuitBreakerOptions, circuitBreaker, consecutiveFailures } from '../../src/policy/index.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';

/** An error that may pass. */
export function transient(): ServiceError {
  return new ServiceError('away', { service: 'odds', kind: 'transient' });
}

/** Fails the first `failures` times, then gives its number. */
export function flaky(failures: number, error: () => unknown = transient) {
  let calls = 0;
  return vi.fn(async () => {
    calls += 1;
    if (calls <= failures) throw error();
    return calls;
  });
}

/** An operation that never ends, and heeds no signal. */
export function hanging(): Promise<never> {
  return new Promise(() => {});
}

/** An operation that ends when it is told to. */
export function gated<T>(): { readonly operation: () => Promise<T>; readonly open: (value: T) => void } {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { operation: () => promise, open: resolve };
}

/** A breaker that opens for ten seconds at the first failure, and a call that fails. */
export function breakerOn(clock: VirtualClock, options: Partial<CircuitBreakerOptions> = {}) {
  const breaker = circuitBreaker({
    name: 'odds',
    trip: consecutiveFailures(1),
    openFor: '10s',
    clock,
    ...options,
  });
  const fail = () => breaker.executeOutcome(() => Promise.reject(transient()));
  return { breaker, fail };
}
