import { ConfigurationError } from '../errors/index.ts';
import { type Clock, realClock } from '../time/index.ts';
import type { Work } from './attempt.ts';
import { Call, type CallOptions } from './call.ts';
import type { Layer, Operation } from './layer.ts';

/** Calls what is inside a split, under a signal or deadline of its own if it is given one. */
export type Nested = (options?: CallOptions) => Promise<unknown>;

/** How a call was made, for a split that looks at it. */
export interface Made {
  readonly key?: unknown;
  /** Of a wrapped function. */
  readonly args?: readonly unknown[] | undefined;
  /** The function that was wrapped, and its `this`. */
  readonly wrapped?: unknown;
  readonly self?: unknown;
}

/** A policy that can't be a layer, as it calls what is inside it several times at once, or with code of its own. */
export interface Split {
  /** Undefined if any clock will do. */
  readonly clock: Clock | undefined;
  run(next: Nested, attempt: Work, call: Call, made: Made): Promise<unknown>;
}

export type Part = Layer | Split;

export function isSplit(part: Part): part is Split {
  return 'run' in part;
}

/** The parts of a policy, linked: layers that one loop runs, and perhaps a split with a chain of its own inside. */
export class Chain {
  readonly layers: readonly Layer[];
  readonly clock: Clock;
  /** The outermost layer that runs code of the user's when something comes up to it; Infinity if there is none. */
  readonly callsBackAt: number;
  /** The innermost layer that does when the call is ended from outside; -1 if there is none. */
  readonly endingCallsBackAt: number;
  readonly #split: Split | undefined;
  readonly #inner: Chain | undefined;

  constructor(parts: readonly Part[], clock: Clock = sharedClock(parts)) {
    const at = parts.findIndex(isSplit);
    this.clock = clock;
    this.layers = (at < 0 ? parts : parts.slice(0, at)) as readonly Layer[];
    const callsBackAt = this.layers.findIndex(({ callsBack }) => callsBack);
    this.callsBackAt = callsBackAt < 0 ? Infinity : callsBackAt;
    this.endingCallsBackAt = this.layers.findLastIndex(({ endingCallsBack }) => endingCallsBack);
    if (at >= 0) {
      this.#split = parts[at] as Split;
      this.#inner = new Chain(parts.slice(at + 1), clock);
    }
  }

  /** A call of the operation that is yet to be started. */
  call(operation: Operation, made: Made | undefined): Call {
    const split = this.#split;
    const inner = this.#inner;
    if (split === undefined || inner === undefined) return new Call(this, operation);
    const call: Call = new Call(this, (attempt) => {
      const current = attempt as Work;
      const parent = { call, attempt: current };
      const next: Nested = (options) =>
        inner.call(operation, made).execute({
          signal: options?.signal ?? current.signal,
          deadline: options?.deadline ?? current.deadline,
          attempt: current.attempt,
          parent,
        });
      return split.run(next, current, call, made ?? {});
    });
    return call;
  }
}

function sharedClock(parts: readonly Part[]): Clock {
  const [first, ...others] = parts.map(({ clock }) => clock).filter((clock) => clock !== undefined);
  if (others.some((clock) => clock !== first)) {
    throw new ConfigurationError(
      'compose',
      'given policies that share a clock',
      'policies with different clocks',
    );
  }
  return first ?? realClock;
}
