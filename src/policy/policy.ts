import type { ErrorKind } from '../errors/index.ts';

/** What the operation is given for one attempt. Never spread it: `signal` is made when it is first read. */
export interface Attempt {
  /** Aborted when the attempt's time is up or the caller gives up. Read late, it is already aborted. */
  readonly signal: AbortSignal;
  /** From 1. */
  readonly attempt: number;
  /** Monotonic milliseconds by which the attempt must be done; Infinity where nothing bounds it. */
  readonly deadline: number;
  /** Milliseconds left until the deadline, never below zero. */
  remaining(): number;
}

export interface ExecuteOptions {
  /** The caller's: its abort ends the call at once, with the caller's own reason. */
  readonly signal?: AbortSignal | undefined;
  /** Monotonic milliseconds of the policy's clock by which the call must be done. */
  readonly deadline?: number | undefined;
  /** What a `singleFlight` in the policy tells calls apart by. */
  readonly key?: unknown;
}

/** How a call ended, as a value. Never spread it: the error of a rejection is made when it is first read. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown; readonly kind: ErrorKind };

// biome-ignore lint/suspicious/noExplicitAny: a wrapped function keeps its own parameters and `this`
export type AnyFunction = (this: any, ...args: any[]) => unknown;

/**
 * What `wrap` makes of a function: its own type, with generics and all overloads, if it gives a `Promise` whichever way it is
 * called and nothing else can come out. Else a function that gives a promise, with the parameters of the last overload; so it
 * is too for a class of promises of one's own and for a function with properties, as neither is kept.
 */
export type Wrapped<F extends AnyFunction, Extra = never> = [Extra] extends [never]
  ? GivesPromise extends F
    ? LastGivesPromise<F> extends true
      ? F
      : Promising<F, never>
    : Promising<F, never>
  : Promising<F, Extra>;

// What is there at run time: it can't stand for a function with properties, nor for an overload that gives something else.
// biome-ignore lint/suspicious/noExplicitAny: it stands for functions of any parameters and results
type GivesPromise = (this: any, ...args: any[]) => Promise<any>;

// It can stand for one of `any`, or of nothing, all the same.
type LastGivesPromise<F extends AnyFunction> =
  unknown extends ReturnType<F> ? false : ReturnType<F> extends Promise<unknown> ? true : false;

type Promising<F extends AnyFunction, Extra> = (
  this: ThisParameterType<F>,
  ...args: Parameters<F>
) => Promise<Awaited<ReturnType<F>> | Extra>;

/**
 * A way to run an operation. Policies are frozen and hold no call's state, so one serves any number of calls.
 *
 * @typeParam Extra What may come out besides the operation's own result (a fallback's value).
 */
export interface Policy<Extra = never> {
  /** Runs the operation under the policy. @throws what the operation throws, or the policy's own error. */
  execute<T>(operation: (attempt: Attempt) => Promise<T> | T, options?: ExecuteOptions): Promise<T | Extra>;
  /** The same; never throws, but tells how it ended and what kind of error it was. */
  executeOutcome<T>(
    operation: (attempt: Attempt) => Promise<T> | T,
    options?: ExecuteOptions,
  ): Promise<Outcome<T | Extra>>;
  /**
   * The function under the policy, with its parameters and `this`; `Wrapped` says which overloads it has. Its result is always
   * a promise. It gets no signal: use `execute` where one must arrive.
   */
  wrap<F extends AnyFunction>(fn: F): Wrapped<F, Extra>;
}
