import { ConfigurationError, kindOf } from '../errors/index.ts';
import { FreeAttempt } from './attempt.ts';
import type { CallOptions } from './call.ts';
import { Chain, type Part } from './chain.ts';
import type { Layer, Operation } from './layer.ts';
import { checkCall } from './options.ts';
import type { AnyFunction, Attempt, ExecuteOptions, Outcome, Policy, Wrapped } from './policy.ts';
import { whenSettled } from './settled.ts';

/** Every policy of ours: what it is made of, linked into one chain when it is first needed. */
export class FusedPolicy<Extra> implements Policy<Extra> {
  readonly #parts: Part | readonly Part[];
  #chain: Chain | undefined;

  constructor(parts: Part | readonly Part[]) {
    this.#parts = parts;
    // Parts that don't fit together must show now.
    if (Array.isArray(parts)) this.#chain = new Chain(parts);
  }

  /** What a policy is made of, outermost first; undefined for what is no policy of ours. */
  static partsOf(policy: object): readonly Part[] | undefined {
    if (!(#parts in policy)) return undefined;
    const parts = policy.#parts as Part | readonly Part[];
    return Array.isArray(parts) ? parts : [parts as Part];
  }

  /** The policy's parts, linked. */
  static chainOf(policy: object): Chain {
    if (!(#parts in policy)) throw new ConfigurationError('compose', 'given policies', policy);
    return (policy as FusedPolicy<unknown>).#link();
  }

  execute<T>(operation: (attempt: Attempt) => Promise<T> | T, options?: ExecuteOptions): Promise<T | Extra> {
    if (options !== undefined) return this.#within(operation, options) as Promise<T | Extra>;
    const alone = (this.#parts as Layer).alone?.(operation, this);
    if (alone === undefined) return this.#link().call(operation, undefined).execute() as Promise<T | Extra>;
    if (alone instanceof Promise) return alone;
    // Here, not in a function of its own: each frame below the operation makes the stack of its error dearer to take.
    let work: Promise<unknown>;
    try {
      work = Promise.resolve(operation(new FreeAttempt()));
    } catch (error) {
      work = Promise.reject(error);
    }
    return whenSettled(work, alone.succeeded, alone.failed) as Promise<T | Extra>;
  }

  executeOutcome<T>(
    operation: (attempt: Attempt) => Promise<T> | T,
    options?: ExecuteOptions,
  ): Promise<Outcome<T | Extra>> {
    const refused = options === undefined ? (this.#parts as Layer).refuse?.() : undefined;
    if (refused !== undefined) return Promise.resolve(refused);
    let checked: CallOptions | undefined;
    try {
      checked = checkCall('execute', options);
    } catch (error) {
      return Promise.resolve({ ok: false, error, kind: kindOf(error) });
    }
    return this.#link().call(operation, checked).executeOutcome(checked) as Promise<Outcome<T | Extra>>;
  }

  wrap<F extends AnyFunction>(fn: F): Wrapped<F, Extra> {
    if (typeof fn !== 'function') throw new ConfigurationError('wrap', 'given a function', fn);
    const policy = this;
    const wrapped = function (this: unknown, ...args: unknown[]) {
      const operation = () => fn.apply(this, args);
      // Only a split looks at the arguments, and nothing that runs alone is one.
      if ('alone' in policy.#parts) return policy.execute(operation);
      return policy.#link().call(operation, { args, wrapped: fn, self: this }).execute();
    };
    return wrapped as unknown as Wrapped<F, Extra>;
  }

  #within(operation: Operation, options: ExecuteOptions): Promise<unknown> {
    let checked: CallOptions | undefined;
    try {
      checked = checkCall('execute', options);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#link().call(operation, checked).execute(checked);
  }

  #link(): Chain {
    this.#chain ??= new Chain(FusedPolicy.partsOf(this) as readonly Part[]);
    return this.#chain;
  }
}
