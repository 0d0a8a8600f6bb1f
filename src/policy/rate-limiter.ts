import { ConfigurationError, RateLimitError, withoutStack } from '../errors/index.ts';
import {
  type Clock,
  type Deadline,
  type Duration,
  deadlineTimer,
  milliseconds,
  captureContext,
} from '../time/index.ts';
import type { Call } from './call.ts';
import { FusedPolicy } from './fused-policy.ts';
import { type Layer, waits } from './layer.ts';
import { type Listener, tell } from './listen.ts';
import { checkCommon } from './options.ts';
import type { Policy } from './policy.ts';
import { whole } from './whole.ts';

export interface RateLimiterOptions {
  /** How many calls are let through in each `per`. */
  readonly limit: number;
  /** Default: 1 s. */
  readonly per?: Duration | undefined;
  /**
   * How many calls may come at once after a quiet time. Timers come to the millisecond: to let more than a thousand a second through
   * after a wait, it must be as many as come in some milliseconds. Default: `limit`, and at least 1.
   */
  readonly burst?: number | undefined;
  /** How long a call may wait for its turn; 0 rejects at once, Infinity never. Default: 0. */
  readonly wait?: Duration | undefined;
  readonly on?: Listener<RateLimiterEvent> | undefined;
  readonly clock?: Clock | undefined;
}

export type RateLimiterEvent =
  | { readonly kind: 'waiting'; readonly delay: number }
  | { readonly kind: 'rejected'; readonly retryAfter: number };

/**
 * Lets through `limit` calls each `per`, in the order in which they come. In every stretch of time `t` there are at most
 * `burst + t · limit / per` of them.
 *
 * Source: the generic cell rate algorithm (ITU-T I.371), which is a token bucket that keeps one number.
 *
 * @throws ConfigurationError naming the option.
 */
export function rateLimiter(options: RateLimiterOptions): Policy {
  return Object.freeze(new FusedPolicy<never>(new RateLimiterLayer(options)));
}

// Sums of intervals such as a third of a second are not exact.
const rounding = 1e-6;

class RateLimiterLayer implements Layer {
  readonly clock: Clock;
  readonly callsBack = false;
  /** Between two calls at the sustained rate. */
  readonly #interval: number;
  /** How far ahead of the sustained rate a burst may run. */
  readonly #tolerance: number;
  readonly #wait: number;
  readonly #on: Listener<RateLimiterEvent> | undefined;
  // When the next call would come if all came at the sustained rate.
  #theoretical = -Infinity;
  readonly #waiting = new Set<Turn>();

  constructor(options: RateLimiterOptions) {
    this.clock = checkCommon('rateLimiter', options);
    const { limit, per = '1s', wait = 0, on } = options;
    if (!(Number.isFinite(limit) && limit > 0))
      throw new ConfigurationError('rateLimiter.limit', 'a finite number above 0', limit);
    this.#interval = milliseconds('rateLimiter.per', per) / limit;
    const { burst = Math.max(1, Math.floor(limit)) } = options;
    whole('rateLimiter.burst', burst);
    this.#tolerance = (burst - 1) * this.#interval;
    if (!Number.isFinite(this.#interval) || !Number.isFinite(this.#tolerance))
      throw new ConfigurationError(
        'rateLimiter.limit',
        'a number of calls a `per` such that `burst` times what lies between two is still finite',
        limit,
      );
    this.#wait = milliseconds('rateLimiter.wait', wait, { zero: true, infinite: true });
    this.#on = on;
  }

  enter(call: Call, slot: number): Error | typeof waits | undefined {
    const now = this.clock.now();
    const ahead = this.#waiting.size;
    const delay = this.#next(now) + ahead * this.#interval - now;
    if (ahead === 0 && delay <= rounding) {
      this.#take(now);
      call.setSlot(slot, undefined);
      return undefined;
    }
    if (delay > this.#wait) {
      if (this.#on !== undefined) tell(this.#on, { kind: 'rejected', retryAfter: delay });
      return withoutStack(
        () => new RateLimitError(`The rate limit is reached: try again in ${Math.ceil(delay)} ms`, delay),
      );
    }
    const turn = new Turn(this, call, slot);
    call.setSlot(slot, turn);
    this.#waiting.add(turn);
    if (ahead === 0) this.#await(turn);
    if (this.#on !== undefined) tell(this.#on, { kind: 'waiting', delay });
    return waits;
  }

  succeed(): undefined {}

  fail(): undefined {}

  ended(call: Call, slot: number): void {
    const turn = call.slot(slot) as Turn | undefined;
    if (turn === undefined || !this.#waiting.delete(turn)) return;
    if (turn.place < 0) return;
    deadlineTimer(this.clock).cancel(turn);
    this.#awaitFirst();
  }

  /** The turn of the first in the queue has come. */
  come(turn: Turn): void {
    this.#take(Math.max(this.clock.now(), turn.at));
    this.#waiting.delete(turn);
    this.#awaitFirst();
    turn.admit();
  }

  /** When a call may come next. */
  #next(now: number): number {
    return Math.max(now, this.#theoretical - this.#tolerance);
  }

  #take(now: number): void {
    this.#theoretical = Math.max(now, this.#theoretical) + this.#interval;
  }

  // Only the first has a deadline: should it give up, the next moves up.
  #awaitFirst(): void {
    const [first] = this.#waiting;
    if (first !== undefined) this.#await(first);
  }

  #await(turn: Turn): void {
    // In the past if time passes faster than the timer comes: then it is due with the one before.
    turn.at = this.#theoretical - this.#tolerance;
    deadlineTimer(this.clock).put(turn);
  }
}

class Turn implements Deadline {
  at = Infinity;
  place = -1;
  readonly #layer: RateLimiterLayer;
  readonly #call: Call;
  readonly #slot: number;
  readonly #context = captureContext();

  constructor(layer: RateLimiterLayer, call: Call, slot: number) {
    this.#layer = layer;
    this.#call = call;
    this.#slot = slot;
  }

  due(): void {
    this.#layer.come(this);
  }

  admit(): void {
    this.#context.runInAsyncScope(() => this.#call.admit(this.#slot, this));
  }
}
