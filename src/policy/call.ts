import { kindOf, TimeoutError } from '../errors/index.ts';
import {
  type AsyncContext,
  captureContext,
  type Deadline,
  deadlineTimer,
  runIn,
  type Timer,
} from '../time/index.ts';
import { type Bound, unbounded, Work } from './attempt.ts';
import type { Chain } from './chain.ts';
import { type Layer, type Operation, waits } from './layer.ts';
import type { ExecuteOptions, Outcome } from './policy.ts';
import type { RetryBudget } from './retry-budget.ts';
import { watch } from './watcher.ts';

/**
 * One call on its way down through the layers to the operation and up again: the loop that all policies share.
 *
 * It is its own first attempt, as most calls make no other.
 *
 * Invariants: it settles exactly once; of an operation only the newest attempt's result is heard; once it has settled, no
 * timer, deadline or listener of it is left.
 */
export class Call extends Work {
  /** By when what is entered now must be done. */
  bound: Bound = unbounded;

  // By when the first attempt was to be done.
  #firstBound: Bound = unbounded;
  readonly #chain: Chain;
  readonly #operation: Operation;
  #resolve: ((value: unknown) => void) | undefined;
  // None for a call that gives an outcome.
  #reject: ((error: unknown) => void) | undefined;
  // The deepest layer that was entered (or is being waited in) and not left.
  #depth = -1;
  #current: Work | undefined;
  // What each layer keeps for this call: few have more than three layers.
  #slot0: unknown;
  #slot1: unknown;
  #slot2: unknown;
  #seldom: Seldom | undefined;

  constructor(chain: Chain, operation: Operation) {
    super();
    this.#chain = chain;
    this.#operation = operation;
  }

  /** Of the first attempt. */
  override get attempt(): number {
    return this.#seldom?.first ?? 1;
  }

  override get deadline(): number {
    return this.#firstBound.at;
  }

  override remaining(): number {
    return this.until(this.deadline);
  }

  /** Milliseconds until then, none if it has passed. */
  until(deadline: number): number {
    return Math.max(0, deadline - this.#chain.clock.now());
  }

  override settled(ok: boolean, value: unknown): void {
    this.workEnded(this, ok, value);
  }

  /** The number of the attempt that is made next, after one that failed. */
  set next(attempt: number) {
    this.seldom().attempt = attempt;
  }

  /** Attempts are counted from 1 again: a retry inside another one starts anew. */
  countAnew(): void {
    const seldom = this.#seldom;
    if (seldom === undefined) return;
    seldom.first = 1;
    if (seldom.attempt !== undefined) seldom.attempt = 1;
  }

  /**
   * The context of the caller, for a timer that will end what is inside `slot` and send an error upwards from it; undefined where
   * that runs no code of the user's.
   */
  contextFor(slot: number): AsyncContext | undefined {
    const { callsBackAt, endingCallsBackAt } = this.#chain;
    return slot > callsBackAt || slot < endingCallsBackAt ? captureContext() : undefined;
  }

  /** Starts it; the promise settles as the call does. */
  execute(options?: CallOptions): Promise<unknown> {
    const promise = this.promise();
    if (options === undefined) this.down(0);
    else this.start(options);
    return promise;
  }

  /** Starts it; the promise gives how it ended. */
  executeOutcome(options?: CallOptions): Promise<Outcome<unknown>> {
    const promise = this.promise() as Promise<Outcome<unknown>>;
    this.#reject = undefined;
    if (options === undefined) this.down(0);
    else this.start(options);
    return promise;
  }

  /** Goes on as a call whose first attempt has just failed, all its layers entered. */
  resumeFailed(error: unknown): Promise<unknown> {
    const promise = this.promise();
    this.#depth = this.#chain.layers.length - 1;
    this.up(this.#depth, false, error, false);
    return promise;
  }

  slot(index: number): unknown {
    switch (index) {
      case 0:
        return this.#slot0;
      case 1:
        return this.#slot1;
      case 2:
        return this.#slot2;
      default:
        return this.#seldom?.slots[index];
    }
  }

  setSlot(index: number, value: unknown): void {
    switch (index) {
      case 0:
        this.#slot0 = value;
        break;
      case 1:
        this.#slot1 = value;
        break;
      case 2:
        this.#slot2 = value;
        break;
      default:
        this.seldom().slots[index] = value;
    }
  }

  /** Aborts the attempt's signal, without settling anything. */
  abortAttempt(reason: unknown): void {
    this.#current?.abort(reason);
  }

  /** It is settled: code of the user's that a layer called may have given it up. */
  get over(): boolean {
    return this.#resolve === undefined;
  }

  /** Whether the operation is still at work. */
  get operating(): boolean {
    return this.#current?.working === true;
  }

  /** How many attempts were left behind with their work still going on. */
  get leftBehind(): number {
    return this.#seldom?.leftBehind?.length ?? 0;
  }

  /** Calls back when all work is at rest that was left behind since there were `since` attempts left; at once if there is none. */
  whenLeftAtRest(since: number, callback: () => void): void {
    const working = this.#seldom?.leftBehind?.slice(since).filter((attempt) => attempt.working) ?? [];
    let left = working.length;
    if (left === 0) callback();
    for (const attempt of working) {
      attempt.whenAtRest(() => {
        left -= 1;
        if (left === 0) callback();
      });
    }
  }

  /** Counts the call once in a budget, whichever policies of it share that, and however many calls it is made of. */
  deposit(budget: RetryBudget): void {
    const seldom = this.seldom();
    if (seldom.parent !== undefined) {
      seldom.parent.deposit(budget);
      return;
    }
    seldom.budgets ??= [];
    if (seldom.budgets.includes(budget)) return;
    seldom.budgets.push(budget);
    budget.deposit();
  }

  /** Ends all that is inside the layer at `slot`, and goes on upwards from it with the error; nothing once the call is over. */
  endAt(slot: number, error: unknown): void {
    this.leaveInside(slot, error, false);
    // Who heard of it may have given the call up.
    if (!this.over) this.up(slot, false, error, false);
  }

  /** Lets a call through that was made to wait at `slot` by what is held there, if that wait is not over. */
  admit(slot: number, held: unknown): void {
    if (this.waitsAt(slot, held) && !this.isLate()) this.down(slot + 1);
  }

  /** Goes on upwards from a layer that had the call wait at `slot`, if that wait is not over. */
  goOn(slot: number, held: unknown, ok: boolean, value: unknown): void {
    if (this.waitsAt(slot, held)) this.up(slot - 1, ok, value, false);
  }

  /** The attempt's operation has settled. */
  workEnded(attempt: Work, ok: boolean, value: unknown, within = false): void {
    attempt.ended();
    if (this.#current !== attempt) return;
    if (attempt.working) this.leaveBehind(attempt);
    this.up(this.#chain.layers.length - 1, ok, value, within);
  }

  /** The caller's deadline has passed. */
  late(after: number): void {
    this.timeIsUp(new TimeoutError('The call was not done by its deadline', after));
  }

  /** The caller's signal is aborted: it gave up, or the time-out around the call that this is part of did. */
  aborted(reason: unknown): void {
    if (reason instanceof TimeoutError && this.#seldom?.parent !== undefined) this.timeIsUp(reason);
    else this.cancel(reason);
  }

  private promise(): Promise<unknown> {
    const promise = new Promise<unknown>(takeFunctions);
    this.#resolve = taken.resolve;
    this.#reject = taken.reject;
    taken.resolve = undefined;
    taken.reject = undefined;
    return promise;
  }

  private cancel(reason: unknown): void {
    if (this.over) return;
    this.leaveInside(-1, reason, true);
    this.finish(false, reason, true);
  }

  private timeIsUp(error: TimeoutError): void {
    if (this.over) return;
    this.leaveInside(-1, error, false);
    this.finish(false, error, false);
  }

  // By now the call may have been ended here, come back, and wait for something else.
  private waitsAt(slot: number, held: unknown): boolean {
    return !this.over && this.#depth === slot && this.slot(slot) === held;
  }

  // Timers that are late fire together: then the one that ends the call is about to.
  private isLate(): boolean {
    return this.bound !== unbounded && this.#chain.clock.now() >= this.bound.at;
  }

  private start(options: CallOptions): void {
    const { signal, deadline = Infinity } = options;
    if (options.attempt !== undefined) this.seldom().first = options.attempt;
    if (options.parent !== undefined) {
      const seldom = this.seldom();
      seldom.parent = options.parent.call;
      seldom.parentAttempt = options.parent.attempt;
    }
    if (signal?.aborted) {
      this.finish(false, signal.reason, true);
      return;
    }
    if (signal !== undefined || deadline !== Infinity) {
      const limits = new Limits(this, signal, deadline);
      this.seldom().limits = limits;
      this.bound = limits;
      if (!limits.start(this.#chain)) return;
    }
    this.down(0);
  }

  private down(from: number): void {
    const { layers } = this.#chain;
    for (let slot = from; slot < layers.length; slot++) {
      const layer = layers[slot] as Layer;
      const entered = layer.enter(this, slot);
      if (this.over) {
        // A listener of the layer's gave the call up.
        if (entered === undefined || entered === waits) layer.ended(this, slot, undefined, true);
        return;
      }
      if (entered !== undefined) {
        if (entered === waits) this.#depth = slot;
        else this.up(slot - 1, false, entered, true);
        return;
      }
      this.#depth = slot;
    }
    const attempt = this.nextAttempt();
    attempt.started();
    this.#current = attempt;
    const operation = this.#operation;
    let result: unknown;
    let ok = true;
    try {
      result = operation(attempt);
      if (result instanceof Promise || isThenable(result)) {
        watch(Promise.resolve(result), attempt);
        return;
      }
    } catch (error) {
      ok = false;
      result = error;
    }
    this.workEnded(attempt, ok, result, true);
  }

  private up(from: number, ok: boolean, value: unknown, within: boolean): void {
    const { layers } = this.#chain;
    let succeeded = ok;
    let result = value;
    this.#current = undefined;
    for (let slot = from; slot >= 0; slot--) {
      const layer = layers[slot] as Layer;
      this.#depth = slot - 1;
      const verdict = succeeded ? layer.succeed(this, slot, result) : layer.fail(this, slot, result);
      // A listener of the layer's may have given the call up.
      if (this.over) return;
      if (verdict !== undefined) {
        if (typeof verdict === 'object') {
          succeeded = verdict.ok;
          result = verdict.value;
        } else {
          this.#depth = slot;
          if (verdict !== waits) this.again(slot, verdict, within);
          return;
        }
      }
    }
    this.#depth = -1;
    this.finish(succeeded, result, false);
  }

  private again(slot: number, delay: number, within: boolean): void {
    if (delay === 0 && !within) {
      this.down(slot + 1);
      return;
    }
    const seldom = this.seldom();
    const goOn = () => {
      if (seldom.wait !== wait) return;
      seldom.wait = undefined;
      if (!this.isLate()) this.down(slot + 1);
    };
    let wait: Pick<Timer, 'cancel'> = untimed();
    if (delay > 0) {
      const context = captureContext();
      wait = this.#chain.clock.setTimer(delay, () => context.runInAsyncScope(goOn));
    } else {
      // An operation that fails synchronously, and for ever, must not fill the stack.
      queueMicrotask(goOn);
    }
    seldom.wait = wait;
  }

  private leaveInside(slot: number, error: unknown, cancelled: boolean): void {
    const seldom = this.#seldom;
    if (seldom !== undefined) {
      seldom.wait?.cancel();
      seldom.wait = undefined;
    }
    const current = this.#current;
    this.#current = undefined;
    if (current !== undefined) {
      if (current.working) this.leaveBehind(current);
      current.abort(error);
    }
    const { layers } = this.#chain;
    // A layer's listener may give the call up, which leaves all the others.
    while (this.#depth > slot) {
      const inner = this.#depth;
      this.#depth = inner - 1;
      (layers[inner] as Layer).ended(this, inner, error, cancelled);
    }
  }

  private nextAttempt(): Work {
    const number = this.#seldom?.attempt;
    if (number !== undefined) return new LaterAttempt(this, number, this.bound);
    this.#firstBound = this.bound;
    return this;
  }

  private leaveBehind(attempt: Work): void {
    const seldom = this.seldom();
    seldom.leftBehind ??= [];
    seldom.leftBehind.push(attempt);
    const { parentAttempt } = seldom;
    if (parentAttempt === undefined) return;
    parentAttempt.started();
    attempt.whenAtRest(() => parentAttempt.ended());
  }

  private finish(ok: boolean, value: unknown, cancelled: boolean): void {
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    const reject = this.#reject;
    this.#resolve = undefined;
    this.#reject = undefined;
    this.#seldom?.limits?.end(this.#chain);
    if (reject !== undefined) (ok ? resolve : reject)(value);
    else if (ok) resolve({ ok, value });
    else resolve({ ok, error: value, kind: cancelled ? 'cancelled' : kindOf(value) });
  }

  private seldom(): Seldom {
    this.#seldom ??= new Seldom();
    return this.#seldom;
  }
}

class LaterAttempt extends Work {
  override readonly attempt: number;
  readonly #call: Call;
  readonly #bound: Bound;

  constructor(call: Call, attempt: number, bound: Bound) {
    super();
    this.#call = call;
    this.attempt = attempt;
    this.#bound = bound;
  }

  override get deadline(): number {
    return this.#bound.at;
  }

  override remaining(): number {
    return this.#call.until(this.#bound.at);
  }

  override settled(ok: boolean, value: unknown): void {
    this.#call.workEnded(this, ok, value);
  }
}

/** What a call is started with, also by a policy that it is nested in. */
export interface CallOptions extends ExecuteOptions {
  readonly attempt?: number | undefined;
  readonly parent?: { readonly call: Call; readonly attempt: Work } | undefined;
}

/** What most calls do without. */
class Seldom {
  /** The first attempt's number, if the call is part of another one's attempt. */
  first = 1;
  /** The attempt that is next, if it is not the first. */
  attempt: number | undefined;
  readonly slots: unknown[] = [];
  limits: Limits | undefined;
  wait: Pick<Timer, 'cancel'> | undefined;
  leftBehind: Work[] | undefined;
  budgets: RetryBudget[] | undefined;
  parent: Call | undefined;
  parentAttempt: Work | undefined;
}

/** The caller's signal and deadline. */
class Limits implements Deadline, Bound {
  readonly at: number;
  place = -1;
  readonly #call: Call;
  readonly #signal: AbortSignal | undefined;
  #after = 0;
  #context: AsyncContext | undefined;

  constructor(call: Call, signal: AbortSignal | undefined, at: number) {
    this.#call = call;
    this.#signal = signal;
    this.at = at;
  }

  /** False if the deadline has passed already, and the call is settled. */
  start({ clock }: Chain): boolean {
    if (this.at !== Infinity) {
      this.#after = Math.max(0, this.at - clock.now());
      if (this.#after === 0) {
        this.#call.late(0);
        return false;
      }
      this.#context = this.#call.contextFor(Infinity);
      deadlineTimer(clock).put(this);
    }
    this.#signal?.addEventListener('abort', this);
    return true;
  }

  end({ clock }: Chain): void {
    this.#signal?.removeEventListener('abort', this);
    if (this.place >= 0) deadlineTimer(clock).cancel(this);
  }

  due(): void {
    runIn(this.#context, () => this.#call.late(this.#after));
  }

  handleEvent(): void {
    this.#call.aborted(this.#signal?.reason);
  }
}

/** A wait for the next turn, which nothing needs to take back. */
function untimed(): Pick<Timer, 'cancel'> {
  return { cancel() {} };
}

interface Functions {
  resolve: ((value: unknown) => void) | undefined;
  reject: ((error: unknown) => void) | undefined;
}

// One function for all promises: its two results are taken from here at once, before any other can be made.
const taken: Functions = { resolve: undefined, reject: undefined };

function takeFunctions(resolve: (value: unknown) => void, reject: (error: unknown) => void): void {
  taken.resolve = resolve;
  taken.reject = reject;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}
