import type { Clock } from '../time/index.ts';
import type { Call } from './call.ts';
import type { Attempt } from './policy.ts';

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
 * go down again leaves it entered; `refuse` ends a wait without any).
 */
export interface Layer {
  readonly clock: Clock;
  /** Lets the call through (undefined), makes it wait, or gives the error it is rejected with. */
  enter(call: Call, slot: number): Error | typeof waits | undefined;
  succeed(call: Call, slot: number, value: unknown): Verdict;
  fail(call: Call, slot: number, error: unknown): Verdict;
  /** An outer time-out or the caller ended the call while it was in here, or waited to be. */
  ended(call: Call, slot: number, error: unknown, cancelled: boolean): void;
  /**
   * The whole call, for one that goes through this layer alone, with no signal and no deadline; undefined if it needs
   * the loop.
   */
  alone?(operation: Operation, policy: object): Promise<unknown> | undefined;
}

export type Operation = (attempt: Attempt) => unknown;

/** What the operation gives, or throws, as a promise. */
export function start(operation: Operation, attempt: Attempt): Promise<unknown> {
  try {
    return Promise.resolve(operation(attempt));
  } catch (error) {
    return Promise.reject(error);
  }
}
