import { TimeoutError } from '../errors/index.ts';
import {
  type Clock,
  type Deadline,
  type Duration,
  deadlineTimer,
  milliseconds,
  realClock,
} from '../time/index.ts';
import { buildPolicy } from './build-policy.ts';
import type { Call } from './call.ts';
import { type Layer, passOn, type Verdict } from './layer.ts';
import { type Listener, tell } from './listen.ts';
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
  return buildPolicy([new TimeoutLayer(options)]);
}

interface TimeoutState {
  deadline: Deadline;
  readonly outer: number;
  error: TimeoutError | undefined;
}

class TimeoutLayer implements Layer {
  readonly clock: Clock;
  readonly #after: number;
  readonly #grace: number;
  readonly #on: Listener<TimeoutEvent> | undefined;

  constructor({ after, grace = 0, on, clock = realClock }: TimeoutOptions) {
    this.clock = clock;
    this.#after = milliseconds('timeout.after', after);
    this.#grace = milliseconds('timeout.grace', grace, { zero: true });
    this.#on = on;
  }

  enter(call: Call, slot: number): undefined {
    const at = this.clock.now() + this.#after;
    const deadline = deadlineTimer(this.clock).add(at, () => this.#expire(call, slot));
    call.slots[slot] = { deadline, outer: call.deadline, error: undefined } satisfies TimeoutState;
    if (at < call.deadline) call.deadline = at;
  }

  succeed(call: Call, slot: number): Verdict {
    return this.#pass(call, slot);
  }

  fail(call: Call, slot: number): Verdict {
    return this.#pass(call, slot);
  }

  ended(call: Call, slot: number): void {
    this.#leave(call, slot);
  }

  #pass(call: Call, slot: number): Verdict {
    const { error } = call.slots[slot] as TimeoutState;
    this.#leave(call, slot);
    // Whatever came out during the grace, and be it a value: the time was up.
    if (error !== undefined) call.failWith(error);
    return passOn;
  }

  #leave(call: Call, slot: number): void {
    const state = call.slots[slot] as TimeoutState;
    deadlineTimer(this.clock).cancel(state.deadline);
    call.deadline = state.outer;
  }

  #expire(call: Call, slot: number): void {
    const state = call.slots[slot] as TimeoutState;
    const error = new TimeoutError(`Not done within ${this.#after} ms`, this.#after);
    state.error = error;
    if (this.#on !== undefined) tell(this.#on, { kind: 'timed_out', after: this.#after });
    if (this.#grace === 0) {
      this.#end(call, slot, error);
      return;
    }
    state.deadline = deadlineTimer(this.clock).add(this.clock.now() + this.#grace, () =>
      this.#end(call, slot, error),
    );
    call.abortAttempt(error);
  }

  #end(call: Call, slot: number, error: TimeoutError): void {
    const leftRunning = call.working;
    call.endAt(slot, error);
    if (leftRunning && this.#on !== undefined)
      tell(this.#on, { kind: 'work_left_running', after: this.#after });
  }
}
