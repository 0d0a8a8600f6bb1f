import { classify, TimeoutError } from '../errors/index.ts';
import { type Clock, type Deadline, deadlineTimer, type Timer } from '../time/index.ts';
import type { Layer } from './layer.ts';
import type { Attempt, ExecuteOptions, Outcome } from './policy.ts';

type Operation = (attempt: Attempt) => unknown;

/**
 * One call on its way down through the layers to the operation and up again: the loop that all policies share.
 *
 * Invariants: it settles exactly once; of an operation only the newest attempt's result is heard; once it has settled, no
 * timer, deadline or listener of it is left.
 */
export class Call {
  /** What each layer keeps for this call. */
  readonly slots: unknown[];
  /** Monotonic milliseconds by which what is entered now must be done. */
  deadline: number;
  attempt = 1;

  readonly #layers: readonly Layer[];
  readonly #clock: Clock;
  readonly #operation: Operation;
  readonly #signal: AbortSignal | undefined;
  #settle: ((ok: boolean, value: unknown) => void) | undefined;
  // The deepest layer that was entered and not left.
  #depth = -1;
  #ok = false;
  #value: unknown;
  #cancelled = false;
  #current: CurrentAttempt | undefined;
  #wait: Timer | undefined;
  #ownDeadline: Deadline | undefined;
  #onAbort: (() => void) | undefined;

  constructor(
    layers: readonly Layer[],
    clock: Clock,
    operation: Operation,
    options: ExecuteOptions | undefined,
  ) {
    this.#layers = layers;
    this.#clock = clock;
    this.#operation = operation;
    this.#signal = options?.signal;
    this.deadline = options?.deadline ?? Infinity;
    this.slots = new Array(layers.length);
  }

  execute<T>(): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#settle = (ok, value) => (ok ? resolve(value as T) : reject(value));
      this.#start();
    });
  }

  executeOutcome<T>(): Promise<Outcome<T>> {
    return new Promise((resolve) => {
      this.#settle = (ok, value) => {
        if (ok) resolve({ ok, value: value as T });
        else resolve({ ok, error: value, kind: this.#cancelled ? 'cancelled' : classify(value).kind });
      };
      this.#start();
    });
  }

  /** Makes what goes on upwards a failure; for a layer, from within `succeed` or `fail`. */
  failWith(error: unknown): void {
    this.#ok = false;
    this.#value = error;
  }

  /** The error of a layer's time-out: the attempt is told now; `endAt` settles without it. */
  abortAttempt(reason: unknown): void {
    this.#current?.abort(reason);
  }

  /** Whether the operation is still at work. */
  get working(): boolean {
    return this.#current?.working === true;
  }

  /** Ends all that is inside the layer at `slot`, and goes on upwards from it with the error. */
  endAt(slot: number, error: unknown): void {
    this.#leaveInside(slot, error, false);
    this.#up(slot, false, error);
  }

  #start(): void {
    const signal = this.#signal;
    if (signal !== undefined) {
      if (signal.aborted) {
        this.#cancel();
        return;
      }
      this.#onAbort = () => this.#cancel();
      signal.addEventListener('abort', this.#onAbort);
    }
    if (this.deadline !== Infinity) {
      this.#ownDeadline = deadlineTimer(this.#clock).add(this.deadline, () => this.#late());
      if (this.deadline <= this.#clock.now()) {
        this.#late();
        return;
      }
    }
    this.#down(0);
  }

  #down(from: number): void {
    for (let slot = from; slot < this.#layers.length; slot++) {
      const rejection = (this.#layers[slot] as Layer).enter(this, slot);
      if (rejection !== undefined) {
        this.#up(slot - 1, false, rejection);
        return;
      }
      this.#depth = slot;
    }
    const attempt = new CurrentAttempt(this.#clock, this.attempt, this.deadline);
    this.#current = attempt;
    const bottom = this.#layers.length - 1;
    let result: unknown;
    try {
      result = this.#operation(attempt);
    } catch (error) {
      attempt.working = false;
      this.#up(bottom, false, error);
      return;
    }
    if (!isThenable(result)) {
      attempt.working = false;
      this.#up(bottom, true, result);
      return;
    }
    result.then(
      (value) => {
        attempt.working = false;
        if (this.#current === attempt) this.#up(bottom, true, value);
      },
      (error: unknown) => {
        attempt.working = false;
        if (this.#current === attempt) this.#up(bottom, false, error);
      },
    );
  }

  #up(from: number, ok: boolean, value: unknown): void {
    this.#current = undefined;
    this.#ok = ok;
    this.#value = value;
    for (let slot = from; slot >= 0; slot--) {
      const layer = this.#layers[slot] as Layer;
      const delay = this.#ok ? layer.succeed(this, slot, this.#value) : layer.fail(this, slot, this.#value);
      if (delay >= 0) {
        this.#again(slot, delay);
        return;
      }
      this.#depth = slot - 1;
    }
    this.#finish(this.#ok, this.#value);
  }

  #again(slot: number, delay: number): void {
    this.#depth = slot;
    if (delay === 0) {
      // No timer for no delay; a microtask keeps a synchronous operation that fails for ever off the stack.
      queueMicrotask(() => {
        if (this.#settle !== undefined && this.#depth === slot && this.#current === undefined)
          this.#down(slot + 1);
      });
      return;
    }
    this.#wait = this.#clock.setTimer(delay, () => {
      this.#wait = undefined;
      this.#down(slot + 1);
    });
  }

  #leaveInside(slot: number, error: unknown, cancelled: boolean): void {
    this.#wait?.cancel();
    this.#wait = undefined;
    const current = this.#current;
    this.#current = undefined;
    current?.abort(error);
    for (let inner = this.#depth; inner > slot; inner--) {
      (this.#layers[inner] as Layer).ended(this, inner, error, cancelled);
    }
    this.#depth = slot;
  }

  #cancel(): void {
    const reason: unknown = this.#signal?.reason;
    this.#cancelled = true;
    this.#leaveInside(-1, reason, true);
    this.#finish(false, reason);
  }

  #late(): void {
    const error = new TimeoutError(
      'The call was not done by its deadline',
      Math.max(0, this.deadline - this.#clock.now()),
    );
    this.#leaveInside(-1, error, false);
    this.#finish(false, error);
  }

  #finish(ok: boolean, value: unknown): void {
    const settle = this.#settle;
    if (settle === undefined) return;
    this.#settle = undefined;
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort);
    if (this.#ownDeadline !== undefined) deadlineTimer(this.#clock).cancel(this.#ownDeadline);
    settle(ok, value);
  }
}

class CurrentAttempt implements Attempt {
  working = true;
  readonly attempt: number;
  readonly deadline: number;
  readonly #clock: Clock;
  #controller: AbortController | undefined;
  #aborted = false;
  #reason: unknown;

  constructor(clock: Clock, attempt: number, deadline: number) {
    this.#clock = clock;
    this.attempt = attempt;
    this.deadline = deadline;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  remaining(): number {
    return Math.max(0, this.deadline - this.#clock.now());
  }

  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
