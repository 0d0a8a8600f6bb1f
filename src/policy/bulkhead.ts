import { BulkheadFullError, withoutStack } from '../errors/index.ts';
import {
  type Clock,
  captureContext,
  type Deadline,
  type Duration,
  deadlineTimer,
  milliseconds,
} from '../time/index.ts';
import type { Call } from './call.ts';
import { FusedPolicy } from './fused-policy.ts';
import { type Layer, type Watch, waits } from './layer.ts';
import { type Listener, tell } from './listen.ts';
import { checkCommon } from './options.ts';
import type { Policy } from './policy.ts';
import { Rejecting } from './rejecting.ts';
import { whole } from './whole.ts';

export interface BulkheadOptions {
  /** How many calls may be at work at once. */
  readonly limit: number;
  /** How many more may wait for their turn; first come, first served. Default: 0. */
  readonly queue?: number | undefined;
  /** How long one may wait. Default: Infinity. */
  readonly queueTimeout?: Duration | undefined;
  readonly on?: Listener<BulkheadEvent> | undefined;
  readonly clock?: Clock | undefined;
}

export type BulkheadEvent =
  | { readonly kind: 'queued'; readonly waiting: number }
  | { readonly kind: 'rejected'; readonly why: 'full' | 'queue_timeout' };

export interface Bulkhead extends Policy {
  /** Calls whose work has not ended. */
  readonly atWork: number;
  /** Calls that wait for their turn. */
  readonly waiting: number;
}

/**
 * Bounds how many calls are at work at once. A call's place is free again when its work has ended, which may be after the
 * call itself has (by a time-out, or as its caller gave up).
 *
 * @throws ConfigurationError naming the option.
 */
export function bulkhead(options: BulkheadOptions): Bulkhead {
  return Object.freeze(new FusedBulkhead(new BulkheadLayer(options)));
}

class FusedBulkhead extends FusedPolicy<never> implements Bulkhead {
  readonly #layer: BulkheadLayer;

  constructor(layer: BulkheadLayer) {
    super(layer);
    this.#layer = layer;
  }

  get atWork(): number {
    return this.#layer.atWork;
  }

  get waiting(): number {
    return this.#layer.waiting.size;
  }
}

class BulkheadLayer implements Layer {
  readonly clock: Clock;
  readonly callsBack = false;
  atWork = 0;
  // In the order in which they came.
  readonly waiting = new Set<Waiter>();
  readonly #limit: number;
  readonly #queue: number;
  readonly #queueTimeout: number;
  readonly #on: Listener<BulkheadEvent> | undefined;

  constructor(options: BulkheadOptions) {
    this.clock = checkCommon('bulkhead', options);
    const { limit, queue = 0, queueTimeout = Infinity, on } = options;
    whole('bulkhead.limit', limit);
    if (queue !== Infinity) whole('bulkhead.queue', queue, 0);
    this.#limit = limit;
    this.#queue = queue;
    this.#queueTimeout = milliseconds('bulkhead.queueTimeout', queueTimeout, { infinite: true });
    this.#on = on;
  }

  enter(call: Call, slot: number): Error | typeof waits | undefined {
    if (this.atWork < this.#limit) {
      this.atWork += 1;
      call.setSlot(slot, call.leftBehind);
      return undefined;
    }
    if (this.waiting.size >= this.#queue) return this.#rejection('full');
    const waiter = new Waiter(this, call, slot, this.clock.now() + this.#queueTimeout);
    call.setSlot(slot, waiter);
    this.waiting.add(waiter);
    if (waiter.at !== Infinity) deadlineTimer(this.clock).put(waiter);
    if (this.#on !== undefined) tell(this.#on, { kind: 'queued', waiting: this.waiting.size });
    return waits;
  }

  succeed(call: Call, slot: number): undefined {
    this.#leave(call, slot);
  }

  fail(call: Call, slot: number): undefined {
    this.#leave(call, slot);
  }

  ended(call: Call, slot: number): void {
    this.#leave(call, slot);
  }

  alone(): Watch | undefined {
    if (this.atWork >= this.#limit) return undefined;
    this.atWork += 1;
    return this.#watch;
  }

  /** The waiter's time in the queue is up. */
  expire(waiter: Waiter): void {
    this.waiting.delete(waiter);
    waiter.refuse(() => this.#rejection('queue_timeout'));
  }

  readonly #watch: Watch = {
    succeeded: (value) => {
      this.#release();
      return value;
    },
    failed: (error) => {
      this.#release();
      return new Rejecting(error);
    },
  };

  #leave(call: Call, slot: number): void {
    const held = call.slot(slot);
    if (held instanceof Waiter && !held.admitted) {
      this.waiting.delete(held);
      this.#stop(held);
      return;
    }
    const leftBefore = held instanceof Waiter ? held.leftBefore : (held as number);
    if (call.leftBehind === leftBefore) this.#release();
    else call.whenLeftAtRest(leftBefore, () => this.#release());
  }

  #release(): void {
    const [next] = this.waiting;
    if (next === undefined) {
      this.atWork -= 1;
      return;
    }
    // The place goes to the first in the queue without ever being free, so that no newcomer can take it.
    this.waiting.delete(next);
    this.#stop(next);
    next.admit();
  }

  #stop(waiter: Waiter): void {
    if (waiter.place >= 0) deadlineTimer(this.clock).cancel(waiter);
  }

  #rejection(why: 'full' | 'queue_timeout'): BulkheadFullError {
    if (this.#on !== undefined) tell(this.#on, { kind: 'rejected', why });
    const message =
      why === 'full'
        ? `All ${this.#limit} places are taken, and ${this.#queue} calls wait already`
        : `No place of ${this.#limit} was free within ${this.#queueTimeout} ms`;
    return withoutStack(() => new BulkheadFullError(message));
  }
}

/** A call in the queue, and after its turn has come. */
class Waiter implements Deadline {
  readonly at: number;
  place = -1;
  admitted = false;
  readonly leftBefore: number;
  readonly #layer: BulkheadLayer;
  readonly #call: Call;
  readonly #slot: number;
  // Its turn comes when another caller's call ends.
  readonly #context = captureContext();

  constructor(layer: BulkheadLayer, call: Call, slot: number, at: number) {
    this.at = at;
    this.leftBefore = call.leftBehind;
    this.#layer = layer;
    this.#call = call;
    this.#slot = slot;
  }

  due(): void {
    this.#layer.expire(this);
  }

  admit(): void {
    this.admitted = true;
    this.#soon(() => this.#call.admit(this.#slot, this));
  }

  refuse(error: () => Error): void {
    this.#soon(() => this.#call.goOn(this.#slot, this, false, error()));
  }

  // Not within the other's end: calls that end synchronously, one letting in the next, would fill the stack.
  #soon(run: () => void): void {
    queueMicrotask(() => this.#context.runInAsyncScope(run));
  }
}
