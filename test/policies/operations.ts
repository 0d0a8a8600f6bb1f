import { vi } from 'vitest';
import { ServiceError } from '../../src/errors/index.ts';

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
