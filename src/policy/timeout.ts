import { TimeoutError } from '../errors/index.ts';
import {
  type Clock,
  type Deadline,
  type DeadlineTimer,
  type Duration,
  deadlineTimer,
  milliseconds,
  type AsyncContext,
  captureContext,
  runIn,
} from '../time/index.ts';
import type { Bound } from './attempt.ts';
import type { Call } from './call.ts';
import { FusedPolicy } from './fused-policy.ts';
import type { Layer, Verdict } from './layer.ts';
import { type Listener, tell } from './listen.ts';
import { checkCommon } from './options.ts';
import type { Policy } from './policy.ts';

export interface TimeoutOptions {
  /** From when the call comes in until its signal is aborted. */
  readonly after: Duration;
  /**
   * From then until the call settles although its work has not. Nothing begins in it: a call that waits for its turn or its next
   * attempt settles at once. What is inside a hedge, a single-flight or a policy of your own, inside this one, has none. Default: 0.
   */
  readonly grace?: Duration | undefined;
  readonly on?: Listener<TimeoutEvent> | undefined;
  readonly clock?: Clock | undefined;
}

export type TimeoutEvent =
  | { readonly kind: 'timed_out'; readonly after: number }
  /** The operation ignored its signal: the call has settled, the work has not. */
  | { readonly kind: 'work_left_running'; readonly after: number };

/**
 * Bounds a call in time: aborts its signal, gives the grace, then settles anyway. Only its own deadline becomes a
 * TimeoutError.
 *
 * @throws ConfigurationError naming the option.
 */
export function timeout(options: TimeoutOptions): Policy {
  return Object.freeze(new FusedPolicy<never>(new TimeoutLayer(options)));
}

class TimeoutLayer implements Layer {
  readonly clock: Clock;
  readonly callsBack = false;
  readonly deadlines: DeadlineTimer;
  readonly after: number;
  readonly grace: number;
  readonly on: Listener<TimeoutEvent> | undefined;

  constructor(options: TimeoutOptions) {
    this.clock = checkCommon('timeout', options);
    this.deadlines = deadlineTimer(this.clock);
    const { after, grace = 0 } = options;
    this.after = milliseconds('timeout.after', after);
    this.grace = milliseconds('timeout.grace', grace, { zero: true });
    this.on = options.on;
  }

  enter(call: Call, slot: number): undefined {
    const limit = new TimeLimit(this, call, slot);
    this.deadlines.put(limit);
    if (limit.at < call.bound.at) call.bound = limit;
    call.setSlot(slot, limit);
  }

  succeed(call: Call, slot: number): Verdict {
    return (call.slot(slot) as TimeLimit | Overrun).leave();
  }

  fail(call: Call, slot: number): Verdict {
    return (call.slot(slot) as TimeLimit | Overrun).leave();
  }

  ended(call: Call, slot: number): void {
    (call.slot(slot) as TimeLimit | Overrun).leave();
  }
}

/** The time of one call in one time-out. */
class TimeLimit implements Deadline, Bound {
  readonly at: number;
  place = -1;
  readonly layer: TimeoutLayer;
  readonly call: Call;
  readonly slot: number;
  readonly #outer: Bound;
  readonly #context: AsyncContext | undefined;

  constructor(layer: TimeoutLayer, call: Call, slot: number) {
    this.at = layer.clock.now() + layer.after;
    this.layer = layer;
    this.call = call;
    this.slot = slot;
    this.#outer = call.bound;
    this.#context = layer.on === undefined ? call.contextFor(slot) : captureContext();
  }

  leave(): Verdict {
    if (this.place >= 0) this.layer.deadlines.cancel(this);
    this.call.bound = this.#outer;
    return undefined;
  }

  due(): void {
    this.inContext(() => {
      const overrun = new Overrun(this);
      this.call.setSlot(this.slot, overrun);
      overrun.start();
    });
  }

  inContext(run: () => void): void {
    runIn(this.#context, run);
  }
}

/** What is past its time limit, until it is left. */
class Overrun implements Deadline {
  readonly at: number;
  place = -1;
  readonly #limit: TimeLimit;
  readonly #error: TimeoutError;
  readonly #leftBehindBefore: number;

  constructor(limit: TimeLimit) {
    const { after, grace, clock } = limit.layer;
    this.#limit = limit;
    this.#leftBehindBefore = limit.call.leftBehind;
    this.#error = new TimeoutError(`Not done within ${after} ms`, after);
    this.at = clock.now() + grace;
  }

  /** Gives the grace: to work alone, as what waits in a queue, or between two attempts, would only begin late. */
  start(): void {
    const { call, layer } = this.#limit;
    const hasGrace = layer.grace > 0 && call.operating;
    if (hasGrace) layer.deadlines.put(this);
    if (layer.on !== undefined) tell(layer.on, { kind: 'timed_out', after: layer.after });
    if (hasGrace) call.abortAttempt(this.#error);
    else this.#end();
  }

  due(): void {
    this.#limit.inContext(() => this.#end());
  }

  /** Tells of work that goes on; it was left behind before. */
  leave(): Verdict {
    const { call, layer } = this.#limit;
    if (this.place >= 0) layer.deadlines.cancel(this);
    this.#limit.leave();
    if (layer.on !== undefined && call.leftBehind > this.#leftBehindBefore)
      tell(layer.on, { kind: 'work_left_running', after: layer.after });
    // Whatever came out during the grace, and be it a value: the time was up.
    return { ok: false, value: this.#error };
  }

  #end(): void {
    this.#limit.call.endAt(this.#limit.slot, this.#error);
  }
}
