import type { Clock } from '../time/index.ts';
import type { Call } from './call.ts';
import type { Attempt, Outcome } from './policy.ts';

/** A layer has suspended the call, and will go on with it later. */
export const waits = Symbol('waits');

/** Instead of what came up, this goes on upwards. */
export interface Replaced {
  readonly ok: boolean;
  readonly value: unknown;
}

/**
 * What a layer says when a result comes up to it: pass it on (undefined), pass something else on, go down again after so many
 * milliseconds, or `waits` (the layer calls `goOn`).
 */
export type Verdict = undefined | number | Replaced | typeof waits;

/**
 * One policy inside the fused loop. All of it is synchronous; what belongs to a call is kept in the call's slot.
 *
 * For each `enter` that let the call through or made it wait, exactly one of `succeed`, `fail` or `ended` follows (a verdict to
 * go down again leaves it entered; `goOn` ends a wait without any).
 */
export interface Layer {
  readonly clock: Clock;
  /** Whether code of the user's is run when something comes up to it, which must be in the context of the caller. */
  readonly callsBack: boolean;
  /** Whether that is so too when the call is ended from outside. Default: no. */
  readonly endingCallsBack?: boolean | undefined;
  /** Lets the call through (undefined), makes it wait, or gives the error it is rejected with. */
  enter(call: Call, slot: number): Error | typeof waits | undefined;
  succeed(call: Call, slot: number, value: unknown): Verdict;
  fail(call: Call, slot: number, error: unknown): Verdict;
  /** An outer time-out or the caller ended the call while it was in here, or waited to be. */
  ended(call: Call, slot: number, error: unknown, cancelled: boolean): void;
  /** The outcome of a call that this layer alone turns away without more ado; undefined if it does not. */
  refuse?(): Outcome<never> | undefined;
  /**
   * For a call that goes through this layer alone, with no signal and no deadline: who hears of its result, and gives what goes on
   * upwards; or the promise of one that is rejected; or undefined if it needs the loop.
   */
  alone?(operation: Operation, policy: object): Watch | Promise<never> | undefined;
}

/** The two functions of a promise's `then`. */
export interface Watch {
  readonly succeeded: ((value: unknown) => unknown) | undefined;
  readonly failed: (error: unknown) => unknown;
}

export type Operation = (attempt: Attempt) => unknown;
