import type { Clock } from '../time/index.ts';
import { captureContext } from './async-context.ts';
import type { Attempt } from './policy.ts';

/** By when something must be done; monotonic milliseconds. */
export interface Bound {
  readonly at: number;
}

export const unbounded: Bound = Object.freeze({ at: Infinity });

/** The first attempt of a call that nothing can end early: it has no deadline, and its signal is never aborted. */
export class FreeAttempt implements Attempt {
  #controller: AbortController | undefined;

  get attempt(): number {
    return 1;
  }

  get deadline(): number {
    return Infinity;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  remaining(): number {
    return Infinity;
  }
}

/** One attempt of a call, and the work that was started for it. */
export class CurrentAttempt implements Attempt {
  readonly attempt: number;
  readonly #clock: Clock;
  readonly #bound: Bound;
  #control: Control | Aborted | undefined;
  // Operations at work: its own, and those that calls nested in it have left running.
  #running = 1;
  #onRest: (() => void)[] | undefined;

  constructor(clock: Clock, attempt: number, bound: Bound) {
    this.attempt = attempt;
    this.#clock = clock;
    this.#bound = bound;
  }

  get deadline(): number {
    return this.#bound.at;
  }

  get signal(): AbortSignal {
    const control = this.#control;
    if (control instanceof Control) return control.controller.signal;
    const controller = new AbortController();
    if (control !== undefined) controller.abort(control.reason);
    this.#control = new Control(controller);
    return controller.signal;
  }

  remaining(): number {
    return Math.max(0, this.#bound.at - this.#clock.now());
  }

  /** Aborts the signal, at once or in the context of whoever read it. */
  abort(reason: unknown, soon: boolean): void {
    const control = this.#control;
    if (control === undefined) this.#control = new Aborted(reason);
    else if (control instanceof Control) control.abort(reason, soon);
  }

  get working(): boolean {
    return this.#running > 0;
  }

  started(): void {
    this.#running += 1;
  }

  ended(): void {
    this.#running -= 1;
    if (this.#running > 0 || this.#onRest === undefined) return;
    const callbacks = this.#onRest;
    this.#onRest = undefined;
    for (const callback of callbacks) callback();
  }

  /** Calls back once its work has ended, which it has not yet. */
  whenAtRest(callback: () => void): void {
    this.#onRest ??= [];
    this.#onRest.push(callback);
  }
}

class Control {
  readonly controller: AbortController;
  readonly #inContext = captureContext();

  constructor(controller: AbortController) {
    this.controller = controller;
  }

  abort(reason: unknown, soon: boolean): void {
    if (soon) this.#inContext(() => this.controller.abort(reason));
    else this.controller.abort(reason);
  }
}

class Aborted {
  readonly reason: unknown;

  constructor(reason: unknown) {
    this.reason = reason;
  }
}
