import { type Classification, ConfigurationError, classify } from '../errors/index.ts';
import { type Clock, type Duration, milliseconds } from '../time/index.ts';
import { type Backoff, decorrelatedJitter } from './backoff.ts';
import type { Call } from './call.ts';
import { FusedPolicy } from './fused-policy.ts';
import { type Handle, handlesError, handlesValue } from './judge.ts';
import type { Layer, Operation, Verdict, Watch } from './layer.ts';
import { type Listener, tell } from './listen.ts';
import { checkBudget, checkCommon } from './options.ts';
import type { Policy } from './policy.ts';
import type { RetryBudget } from './retry-budget.ts';

export interface RetryOptions {
  /** How often the operation is called at most, the first call counted. Default: 4. */
  readonly attempts?: number | undefined;
  /** The delay after a failure. Default: `decorrelatedJitter()`. A `Retry-After` of the failure is its floor. */
  readonly backoff?: Backoff | undefined;
  /** No attempt starts later than this after the first; the wait for a turn inside comes on top. Default: Infinity. */
  readonly maxElapsed?: Duration | undefined;
  /** Shared by all who call the same dependency. Default: none. */
  readonly budget?: RetryBudget | undefined;
  /** Which outcomes are tried again. Default: transient and throttled errors, time-outs and errors of unknown kind. */
  readonly handle?: Handle | undefined;
  readonly on?: Listener<RetryEvent> | undefined;
  readonly clock?: Clock | undefined;
  /** Uniform in [0, 1). Default: Math.random. */
  readonly random?: (() => number) | undefined;
}

export type RetryEvent =
  | { readonly kind: 'retry'; readonly attempt: number; readonly delay: number; readonly error: unknown }
  | { readonly kind: 'gave_up'; readonly attempt: number; readonly why: GaveUp; readonly error: unknown };

export type GaveUp = 'attempts' | 'max_elapsed' | 'deadline' | 'budget';

/**
 * Calls again after failures that may pass.
 *
 * @example
 * const policy = retry({ attempts: 4, backoff: decorrelatedJitter({ base: '1s', cap: '15s' }) });
 * @throws ConfigurationError naming the option.
 */
export function retry(options: RetryOptions = {}): Policy {
  return Object.freeze(new FusedPolicy<never>(new RetryLayer(options)));
}

/** Made at the first failure, or where the time of the first attempt must be known. */
class RetryState {
  first: number;
  failures = 0;
  delay = 0;

  constructor(first: number) {
    this.first = first;
  }
}

class RetryLayer implements Layer {
  readonly clock: Clock;
  readonly callsBack = true;
  readonly #attempts: number;
  readonly #backoff: Backoff;
  readonly #maxElapsed: number;
  readonly #budget: RetryBudget | undefined;
  readonly #handle: Handle | undefined;
  readonly #on: Listener<RetryEvent> | undefined;
  readonly #random: () => number;

  constructor(options: RetryOptions) {
    this.clock = checkCommon('retry', options);
    const { attempts = 4, backoff = decorrelatedJitter(), maxElapsed = Infinity, budget } = options;
    if (!(Number.isSafeInteger(attempts) && attempts >= 1) && attempts !== Infinity) {
      throw new ConfigurationError('retry.attempts', 'a whole number of at least 1, or Infinity', attempts);
    }
    if (typeof backoff !== 'function') throw new ConfigurationError('retry.backoff', 'a backoff', backoff);
    checkBudget('retry', budget);
    this.#attempts = attempts;
    this.#backoff = backoff;
    this.#maxElapsed = milliseconds('retry.maxElapsed', maxElapsed, { infinite: true });
    this.#budget = budget;
    this.#handle = options.handle;
    this.#on = options.on;
    this.#random = options.random ?? Math.random;
  }

  enter(call: Call, slot: number): undefined {
    call.countAnew();
    if (this.#budget !== undefined) call.deposit(this.#budget);
    call.setSlot(slot, this.#maxElapsed === Infinity ? undefined : new RetryState(this.clock.now()));
  }

  succeed(call: Call, slot: number, value: unknown): Verdict {
    if (!handlesValue(this.#handle, value)) return undefined;
    return this.#again(call, slot, undefined, classify(value, { wallNow: this.clock.wallNow() }));
  }

  fail(call: Call, slot: number, error: unknown): Verdict {
    const classified = classify(error, { wallNow: this.clock.wallNow() });
    return handlesError(this.#handle, error, classified.kind)
      ? this.#again(call, slot, error, classified)
      : undefined;
  }

  ended(): void {}

  alone(operation: Operation, policy: object): Watch | undefined {
    const simple = this.#handle === undefined && this.#budget === undefined && this.#maxElapsed === Infinity;
    if (!simple) return undefined;
    return {
      succeeded: undefined,
      failed: (error) => FusedPolicy.chainOf(policy).call(operation, undefined).resumeFailed(error),
    };
  }

  #again(call: Call, slot: number, error: unknown, { retryAfter = 0 }: Classification): Verdict {
    // `handle`, and then the backoff, may have given the call up.
    if (call.over) return undefined;
    let state = call.slot(slot) as RetryState | undefined;
    if (state === undefined) {
      state = new RetryState(0);
      call.setSlot(slot, state);
    }
    state.failures += 1;
    const attempt = state.failures;
    if (attempt >= this.#attempts) return this.#giveUp(attempt, 'attempts', error);
    let delay: number;
    try {
      const chosen = this.#backoff({ error, attempt, previousDelay: state.delay }, this.#random);
      delay = Math.max(milliseconds('retry.backoff', chosen, { zero: true }), retryAfter);
    } catch (wrong) {
      // A backoff that throws, or gives no duration, is a fault of the program: it must show, and the call must settle.
      return { ok: false, value: wrong };
    }
    if (call.over) return undefined;
    const deadline = call.bound.at;
    if (deadline !== Infinity || this.#maxElapsed !== Infinity) {
      const next = this.clock.now() + delay;
      if (next > state.first + this.#maxElapsed) return this.#giveUp(attempt, 'max_elapsed', error);
      if (next >= deadline) return this.#giveUp(attempt, 'deadline', error);
    }
    if (this.#budget !== undefined && !this.#budget.withdraw()) return this.#giveUp(attempt, 'budget', error);
    state.delay = delay;
    call.next = attempt + 1;
    if (this.#on !== undefined) tell(this.#on, { kind: 'retry', attempt, delay, error });
    return delay;
  }

  #giveUp(attempt: number, why: GaveUp, error: unknown): undefined {
    if (this.#on !== undefined) tell(this.#on, { kind: 'gave_up', attempt, why, error });
  }
}
