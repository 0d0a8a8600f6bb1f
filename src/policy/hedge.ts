import { kindOf } from '../errors/index.ts';
import { captureContext, type Clock, type Duration, milliseconds, type Timer } from '../time/index.ts';
import type { Work } from './attempt.ts';
import type { Call } from './call.ts';
import type { Nested, Split } from './chain.ts';
import { FusedPolicy } from './fused-policy.ts';
import { type Handle, handlesError, handlesValue } from './judge.ts';
import { type Listener, tell } from './listen.ts';
import { checkBudget, checkCommon } from './options.ts';
import type { Policy } from './policy.ts';
import type { RetryBudget } from './retry-budget.ts';
import { whole } from './whole.ts';

export interface HedgeOptions {
  /** How long a call may take before another is made beside it; the usual choice is its 95th percentile. */
  readonly after: Duration;
  /** How many more calls at most. Default: 1. */
  readonly extra?: number | undefined;
  /** Shared by all who call the same dependency; each further call is charged to it. Default: none. */
  readonly budget?: RetryBudget | undefined;
  /** After which outcomes another call is made at once. Default: errors that may pass, as in `retry`. */
  readonly handle?: Handle | undefined;
  readonly on?: Listener<HedgeEvent> | undefined;
  readonly clock?: Clock | undefined;
}

export type HedgeEvent =
  | { readonly kind: 'hedged'; readonly call: number; readonly why: 'slow' | 'failed' }
  | { readonly kind: 'won'; readonly call: number };

/**
 * Makes a further call when the first is slow, or at once when it fails in a way that may pass; the first that works wins,
 * and the others are aborted. So does one that fails in another way, unless a policy inside did not let it through. Only for
 * operations that may be done twice.
 *
 * Source: J. Dean and L. A. Barroso, "The Tail at Scale", 2013.
 *
 * @throws ConfigurationError naming the option.
 */
export function hedge(options: HedgeOptions): Policy {
  return Object.freeze(new FusedPolicy<never>(new HedgeSplit(options)));
}

class HedgeSplit implements Split {
  readonly clock: Clock;
  readonly after: number;
  readonly extra: number;
  readonly budget: RetryBudget | undefined;
  readonly handle: Handle | undefined;
  readonly on: Listener<HedgeEvent> | undefined;

  constructor(options: HedgeOptions) {
    this.clock = checkCommon('hedge', options);
    const { after, extra = 1, budget, handle, on } = options;
    whole('hedge.extra', extra);
    checkBudget('hedge', budget);
    this.after = milliseconds('hedge.after', after, { zero: true });
    this.extra = extra;
    this.budget = budget;
    this.handle = handle;
    this.on = on;
  }

  run(next: Nested, attempt: Work, call: Call): Promise<unknown> {
    if (this.budget !== undefined) call.deposit(this.budget);
    return new Promise((resolve, reject) => {
      new Race(this, next, attempt.signal, resolve, reject).start();
    });
  }
}

/** The calls made for one. */
class Race {
  readonly #hedge: HedgeSplit;
  readonly #next: Nested;
  readonly #signal: AbortSignal;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  readonly #running = new Map<number, AbortController>();
  #made = 0;
  #timer: Timer | undefined;
  #over = false;

  constructor(
    hedge: HedgeSplit,
    next: Nested,
    signal: AbortSignal,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.#hedge = hedge;
    this.#next = next;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(): void {
    this.#signal.addEventListener('abort', this);
    this.#make();
  }

  /** The caller, or a time-out outside, has ended the whole call. */
  handleEvent(): void {
    this.#end(this.#signal.reason);
    this.#reject(this.#signal.reason);
  }

  #make(): void {
    this.#made += 1;
    const number = this.#made;
    const controller = new AbortController();
    this.#running.set(number, controller);
    this.#next({ signal: controller.signal }).then(
      (value) => this.#settled(number, true, value),
      (error: unknown) => this.#settled(number, false, error),
    );
    if (!this.#over) this.#wait();
  }

  #wait(): void {
    const { clock, after, extra } = this.#hedge;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#made > extra) return;
    const context = captureContext();
    this.#timer = clock.setTimer(after, () => context.runInAsyncScope(() => this.#another('slow')));
  }

  /** Makes another call, unless there are to be no more. */
  #another(why: 'slow' | 'failed'): void {
    const { extra, budget, on } = this.#hedge;
    if (this.#made > extra || budget?.withdraw() === false) return;
    if (on !== undefined) tell(on, { kind: 'hedged', call: this.#made + 1, why });
    // The listener may have given the call up.
    if (!this.#over) this.#make();
  }

  #settled(number: number, ok: boolean, result: unknown): void {
    this.#running.delete(number);
    if (this.#over) return;
    const { handle, on } = this.#hedge;
    const handled = ok ? handlesValue(handle, result) : handlesError(handle, result);
    // The filter may have given the call up.
    if (this.#over) return;
    if (handled) {
      this.#another('failed');
      // The others may still work.
      if (this.#over || this.#running.size > 0) return;
    } else if (!ok && this.#running.size > 0 && kindOf(result) === 'rejected') {
      // It was not even made: that says nothing of those at work.
      return;
    }
    this.#end(new DOMException('Another call was quicker', 'AbortError'));
    if (!ok) {
      this.#reject(result);
      return;
    }
    if (number > 1 && on !== undefined) tell(on, { kind: 'won', call: number });
    this.#resolve(result);
  }

  #end(reason: unknown): void {
    this.#over = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const controller of this.#running.values()) controller.abort(reason);
  }
}
