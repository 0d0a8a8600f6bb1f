import { ConfigurationError, type ErrorKind, kindOf } from '../errors/index.ts';
import type { Clock } from '../time/index.ts';
import type { Call } from './call.ts';
import { FusedPolicy } from './fused-policy.ts';
import { type Handle, handlesError, handlesValue } from './judge.ts';
import { type Layer, type Verdict, waits } from './layer.ts';
import { type Listener, tell } from './listen.ts';
import { checkCommon } from './options.ts';
import type { Policy } from './policy.ts';

export interface FallbackOptions {
  /** Which outcomes fall back. Default: every error but an abort, which never does. */
  readonly handle?: Handle | undefined;
  readonly on?: Listener<FallbackEvent> | undefined;
  readonly clock?: Clock | undefined;
}

export interface FallbackEvent {
  readonly kind: 'fell_back';
  readonly error: unknown;
}

const failureKinds: ReadonlySet<ErrorKind> = /* @__PURE__ */ new Set([
  'transient',
  'throttled',
  'permanent',
  'timeout',
  'rejected',
  'unknown',
]);

/**
 * Gives something else instead of a failure. What the function itself throws comes out of the call.
 *
 * @param substitute Gets the error (undefined for a handled value); called once a call.
 * @example
 * const policy = compose(fallback(() => lastKnownOdds), timeout({ after: '2s' }));
 * @throws ConfigurationError naming the option.
 */
export function fallback<V>(
  substitute: (error: unknown) => V | PromiseLike<V>,
  options: FallbackOptions = {},
): Policy<V> {
  return Object.freeze(new FusedPolicy<V>(new FallbackLayer(substitute, options)));
}

class FallbackLayer implements Layer {
  readonly clock: Clock;
  readonly callsBack = true;
  readonly #substitute: (error: unknown) => unknown;
  readonly #handle: Handle | undefined;
  readonly #on: Listener<FallbackEvent> | undefined;

  constructor(substitute: (error: unknown) => unknown, options: FallbackOptions) {
    if (typeof substitute !== 'function')
      throw new ConfigurationError('fallback', 'given a function', substitute);
    this.clock = checkCommon('fallback', options);
    this.#substitute = substitute;
    this.#handle = options.handle;
    this.#on = options.on;
  }

  enter(): undefined {}

  succeed(call: Call, slot: number, value: unknown): Verdict {
    return handlesValue(this.#handle, value) ? this.#fallBack(call, slot, undefined) : undefined;
  }

  fail(call: Call, slot: number, error: unknown): Verdict {
    return handlesError(this.#handle, error, kindOf(error), failureKinds)
      ? this.#fallBack(call, slot, error)
      : undefined;
  }

  // A substitute that is on its way is not waited for.
  ended(call: Call, slot: number): void {
    call.setSlot(slot, undefined);
  }

  #fallBack(call: Call, slot: number, error: unknown): Verdict {
    // `handle`, and then the listener, may have given the call up.
    if (call.over) return undefined;
    if (this.#on !== undefined) tell(this.#on, { kind: 'fell_back', error });
    if (call.over) return undefined;
    let substitute: unknown;
    try {
      substitute = this.#substitute(error);
      if (typeof (substitute as { then?: unknown } | null | undefined)?.then !== 'function')
        return { ok: true, value: substitute };
    } catch (failure) {
      return { ok: false, value: failure };
    }
    const pending = Promise.resolve(substitute);
    call.setSlot(slot, pending);
    const settle = (ok: boolean) => (value: unknown) => call.goOn(slot, pending, ok, value);
    pending.then(settle(true), settle(false));
    return waits;
  }
}
