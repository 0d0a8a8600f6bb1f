import { type Classification, ConfigurationError, classify, type ErrorKind } from '../errors/index.ts';
import { type Clock, type Duration, milliseconds, realClock } from '../time/index.ts';
import { type Backoff, decorrelatedJitter } from './backoff.ts';
import { buildPolicy } from './build-policy.ts';
import type { Call } from './call.ts';
import { type Layer, passOn, type Verdict } from './layer.ts';
import { judge, type Listener, tell } from './listen.ts';
import type { Outcome, Policy } from './policy.ts';
import type { RetryBudget } from './retry-budget.ts';

export interface RetryOptions {
  /** How often the operation is called at most, the first call counted. Default: 4. */
  readonly attempts?: number | undefined;
  /** The delay after a failure. Default: `decorrelatedJitter()`. A `Retry-After` of the failure is its floor. */
  readonly backoff?: Backoff | undefined;
  /** No attempt starts later than this after the first. Default: Infinity. */
  readonly maxElapsed?: Duration | undefined;
  /** Shared by all who call the same dependency. Default: none. */
  readonly budget?: RetryBudget | undefined;
  /** Which outcomes are tried again. Default: transient and throttled errors, time-outs and errors of unknown kind. */
  readonly handle?: ((outcome: Outcome<unknown>) => boolean) | undefined;
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
  return buildPolicy([new RetryLayer(options)]);
}

interface RetryState {
  first: number;
  failures: number;
  delay: number;
}

class RetryLayer implements Layer {
  readonly clock: Clock;
  readonly #attempts: number;
  readonly #backoff: Backoff;
  readonly #maxElapsed: number;
  readonly #budget: RetryBudget | undefined;
  readonly #handle: ((outcome: Outcome<unknown>) => boolean) | undefined;
  readonly #on: Listener<RetryEvent> | undefined;
  readonly #random: () => number;

  constructor(options: RetryOptions) {
    const {
      attempts = 4,
      backoff = decorrelatedJitter(),
      maxElapsed = Infinity,
      budget,
      handle,
      on,
    } = options;
    if (!(Number.isSafeInteger(attempts) && attempts >= 1) && attempts !== Infinity) {
      throw new ConfigurationError('retry.attempts', 'a whole number of at least 1, or Infinity', attempts);
    }
    if (typeof backoff !== 'function') throw new ConfigurationError('retry.backoff', 'a backoff', backoff);
    this.clock = options.clock ?? realClock;
    this.#attempts = attempts;
    this.#backoff = backoff;
    this.#maxElapsed = milliseconds('retry.maxElapsed', maxElapsed, { infinite: true });
    this.#budget = budget;
    this.#handle = handle;
    this.#on = on;
    this.#random = options.random ?? Math.random;
  }

  enter(call: Call, slot: number): undefined {
    call.attempt = 1;
    call.slots[slot] = undefined;
    this.#budget?.deposit();
    if (this.#maxElapsed !== Infinity)
      call.slots[slot] = { first: this.clock.now(), failures: 0, delay: 0 } satisfies RetryState;
  }

  succeed(call: Call, slot: number, value: unknown): Verdict {
    if (this.#handle === undefined || !judge(this.#handle, { ok: true, value })) return passOn;
    return this.#again(call, slot, undefined, {});
  }

  fail(call: Call, slot: number, error: unknown): Verdict {
    const classified = classify(error, { wallNow: this.clock.wallNow() });
    const handled =
      this.#handle === undefined
        ? retriedKinds.has(classified.kind)
        : classified.kind !== 'cancelled' && judge(this.#handle, { ok: false, error, kind: classified.kind });
    return handled ? this.#again(call, slot, error, classified) : passOn;
  }

  ended(): void {}

  #again(call: Call, slot: number, error: unknown, { retryAfter = 0 }: Partial<Classification>): Verdict {
    const state = (call.slots[slot] as RetryState | undefined) ?? { first: 0, failures: 0, delay: 0 };
    call.slots[slot] = state;
    state.failures += 1;
    const attempt = state.failures;
    if (attempt >= this.#attempts) return this.#giveUp(attempt, 'attempts', error);
    let delay: number;
    try {
      const chosen = this.#backoff({ error, attempt, previousDelay: state.delay }, this.#random);
      delay = Math.max(milliseconds('retry.backoff', chosen, { zero: true }), retryAfter);
    } catch (wrong) {
      // A backoff that throws, or gives no duration, is a fault of the program: it must show, and the call must settle.
      call.failWith(wrong);
      return passOn;
    }
    if (delay > 0 || call.deadline !== Infinity || this.#maxElapsed !== Infinity) {
      const next = this.clock.now() + delay;
      if (next > state.first + this.#maxElapsed) return this.#giveUp(attempt, 'max_elapsed', error);
      if (next >= call.deadline) return this.#giveUp(attempt, 'deadline', error);
    }
    if (this.#budget !== undefined && !this.#budget.withdraw()) return this.#giveUp(attempt, 'budget', error);
    state.delay = delay;
    call.attempt = attempt + 1;
    if (this.#on !== undefined) tell(this.#on, { kind: 'retry', attempt, delay, error });
    return delay;
  }

  #giveUp(attempt: number, why: GaveUp, error: unknown): Verdict {
    if (this.#on !== undefined) tell(this.#on, { kind: 'gave_up', attempt, why, error });
    return passOn;
  }
}

const retriedKinds: ReadonlySet<ErrorKind> = new Set(['transient', 'throttled', 'timeout', 'unknown']);
