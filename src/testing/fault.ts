import { ConfigurationError, ServiceError } from '../errors/index.ts';
import { type Clock, type Duration, milliseconds, sleep } from '../time/index.ts';

/** What may happen to a call before it is made: nothing, or one of these. */
export type Fault =
  | 'ok'
  /** It throws a transient ServiceError. */
  | 'fail'
  /** It never answers; its caller's signal ends it, with the caller's reason. */
  | 'hang'
  /** It throws a throttled ServiceError. */
  | 'throttle'
  | { readonly fail: unknown }
  | { readonly delay: Duration }
  | { readonly throttle: { readonly retryAfter: Duration } };

/** @throws ConfigurationError naming the part of it that is no fault. */
export function checkFault(field: string, fault: unknown): asserts fault is Fault {
  if (['ok', 'fail', 'hang', 'throttle'].includes(fault as string)) return;
  const [part, ...others] = typeof fault === 'object' && fault !== null ? Object.entries(fault) : [];
  const [name, value] = others.length === 0 && part !== undefined ? part : [];
  if (name === 'fail') return;
  if (name === 'delay') milliseconds(`${field}.delay`, value as Duration);
  else if (name === 'throttle')
    milliseconds(
      `${field}.throttle.retryAfter`,
      (value as { retryAfter: Duration } | null)?.retryAfter as Duration,
    );
  else throw new ConfigurationError(field, faultsAllowed, fault);
}

const faultsAllowed = "'ok', 'fail', 'hang', 'throttle', { fail }, { delay } or { throttle: { retryAfter } }";

/** Lets the call fail, or wait; what happens to it ends with its signal. */
export async function suffer(fault: Fault, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  if (fault === 'ok') return;
  signal?.throwIfAborted();
  if (fault === 'hang') return untilAborted(signal);
  if (fault === 'fail')
    throw new ServiceError('A fault was injected', { service: 'fault', kind: 'transient' });
  if (fault === 'throttle') throw throttled(undefined);
  if ('delay' in fault) return sleep(clock, milliseconds('faults.delay', fault.delay), signal);
  if ('throttle' in fault) throw throttled(milliseconds('faults.retryAfter', fault.throttle.retryAfter));
  throw typeof fault.fail === 'function' ? fault.fail() : fault.fail;
}

function throttled(retryAfter: number | undefined): ServiceError {
  return new ServiceError('A fault was injected: too many calls', {
    service: 'fault',
    kind: 'throttled',
    retryAfter,
  });
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
