import { captureContext } from '../time/index.ts';
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
export abstract class Work implements Attempt {
  abstract readonly attempt: number;
  abstract readonly deadline: number;
  abstract remaining(): number;
  /** Hears how the operation ended. */
  abstract settled(ok: boolean, value: unknown): void;
  #control: Control | Aborted | undefined;
  // Operations at work: its own, and those that calls nested in it have left running; with whom to tell when all have ended.
  #running: number | Running = 0;

  get signal(): AbortSignal {
    const control = this.#control;
    if (control instanceof Control) return control.controller.signal;
    const controller = new AbortController();
    if (control !== undefined) controller.abort(control.reason);
    this.#control = new Control(controller);
    return controller.signal;
  }

  /** Aborts the signal, in the context of whoever read it. */
  abort(reason: unknown): void {
    const control = this.#control;
    if (control === undefined) this.#control = new Aborted(reason);
    else if (control instanceof Control) control.abort(reason);
  }

  get working(): boolean {
    const running = this.#running;
    return (typeof running === 'number' ? running : running.count) > 0;
  }

  started(): void {
    if (typeof this.#running === 'number') this.#running += 1;
    else this.#running.count += 1;
  }

  ended(): void {
    const running = this.#running;
    if (typeof running === 'number') this.#running = running - 1;
    else running.end();
  }

  /** Calls back once its work has ended, which it has not yet. */
  whenAtRest(callback: () => void): void {
    if (typeof this.#running === 'number') this.#running = new Running(this.#running);
    this.#running.callbacks.push(callback);
  }
}

class Running {
  count: number;
  readonly callbacks: (() => void)[] = [];

  constructor(count: number) {
    this.count = count;
  }

  end(): void {
    this.count -= 1;
    if (this.count === 0) for (const callback of this.callbacks.splice(0)) callback();
  }
}

class Control {
  readonly controller: AbortController;
  readonly #context = captureContext();

  constructor(controller: AbortController) {
    this.controller = controller;
  }

  abort(reason: unknown): void {
    this.#context.runInAsyncScope(() => this.controller.abort(reason));
  }
}

class Aborted {
  readonly reason: unknown;

  constructor(reason: unknown) {
    this.reason = reason;
  }
}
