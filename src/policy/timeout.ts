import { TimeoutError } from '../errors/index.ts';
import {
  type Clock,
  type Deadline,
  type DeadlineTimer,
  type Duration,
  deadlineTimer,
  milliseconds,
} from '../time/index.ts';
import { captureContext } from './async-context.ts';
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
  /** From then until the call settles although its work has not. Default: 0. */
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
    return (call.slot(slot) as TimeLimit).leave();
  }

  fail(call: Call, slot: number): Verdict {
    return (call.slot(slot) as TimeLimit).leave();
  }

  ended(call: Call, slot: number): void {
    (call.slot(slot) as TimeLimit).leave();
  }
}

/** The time of one call in one time-out. */
class TimeLimit implements Deadline, Bound {
  at: number;
  place = -1;
  readonly #layer: TimeoutLayer;
  readonly #call: Call;
  readonly #slot: number;
  readonly #outer: Bound;
  #error: TimeoutError | undefined;
  #inContext: ((run: () => void) => void) | undefined;

  constructor(layer: TimeoutLayer, call: Call, slot: number) {
    this.at = layer.clock.now() + layer.after;
    this.#layer = layer;
    this.#call = call;
    this.#slot = slot;
    this.#outer = call.bound;
    this.#inContext = layer.on === undefined ? undefined : captureContext();
  }

  leave(): Verdict {
    if (this.place >= 0) this.#layer.deadlines.cancel(this);
    this.#call.bound = this.#outer;
    // Whatever came out during the grace, and be it a value: the time was up.
    return this.#error === undefined ? undefined : { ok: false, value: this.#error };
  }

  due(): void {
    const { after, grace, deadlines, clock } = this.#layer;
    if (this.#error !== undefined) {
      this.end(this.#error, [{ kind: 'work_left_running', after }]);
      return;
    }
    const error = new TimeoutError(`Not done within ${after} ms`, after);
    this.#error = error;
    if (grace === 0) {
      this.end(error, [
        { kind: 'timed_out', after },
        { kind: 'work_left_running', after },
      ]);
      return;
    }
    this.at = clock.now() + grace;
    deadlines.put(this);
    this.tell([{ kind: 'timed_out', after }]);
    this.#call.abortAttempt(error);
  }

  private end(error: TimeoutError, events: readonly TimeoutEvent[]): void {
    const leftRunning = this.#call.operating;
    this.tell(events.filter(({ kind }) => leftRunning || kind !== 'work_left_running'));
    this.#call.endAt(this.#slot, error);
  }

  private tell(events: readonly TimeoutEvent[]): void {
    const { on } = this.#layer;
    if (on === undefined) return;
    this.#inContext?.(() => {
      this.#inContext = captureContext();
      for (const event of events) tell(on, event);
    });
  }
}
