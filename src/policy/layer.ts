import type { Clock } from '../time/index.ts';
import type { Call } from './call.ts';

/** What a layer says when a result comes up to it: pass it on, or wait so many milliseconds and go down again. */
export type Verdict = number;
export const passOn: Verdict = -1;

/**
 * One policy inside the fused loop. All of it is synchronous; what belongs to a call is kept in `call.slots[slot]`.
 *
 * For each `enter` that let the call through exactly one of `succeed`, `fail` or `ended` follows (a retry's verdict to go
 * down again leaves it entered).
 */
export interface Layer {
  readonly clock: Clock;
  /** Lets the call through (undefined), or gives the error it is rejected with. */
  enter(call: Call, slot: number): Error | undefined;
  succeed(call: Call, slot: number, value: unknown): Verdict;
  fail(call: Call, slot: number, error: unknown): Verdict;
  /** An outer time-out or the caller ended the call while it was in here. */
  ended(call: Call, slot: number, error: unknown, cancelled: boolean): void;
}
