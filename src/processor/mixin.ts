import { ConfigurationError } from '../errors/index.ts';
import type { RunBase } from './run-base.ts';

/** A class whose instances are runs; asks for no construct signature, so that generics survive. */
export interface RunClass {
  // TypeScript's mixin rule: the instance's options are not known here.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly prototype: RunBase<any>;
}

// biome-ignore lint/suspicious/noExplicitAny: TypeScript takes a class as a mixin's base only with `any[]` (TS2545)
export type RunConstructor = abstract new (...args: any[]) => RunBase<any>;

const applied: unique symbol = Symbol('breakwater.mixins');

/**
 * A mixin that overrides `guard(run)` and goes on with `super.guard(run)`. The one applied last stands outermost.
 *
 * @param name Shown in errors, and by which it is known whether a class has it.
 * @param extend Makes the class; what it adds to the type beyond `guard` does not show.
 * @throws ConfigurationError when a class is given to the same mixin twice.
 */
export function mixin(
  name: string,
  extend: (Base: RunConstructor) => RunConstructor,
): <T extends RunClass>(Base: T) => T {
  return <T extends RunClass>(Base: T): T => {
    const before = mixinsOf(Base);
    if (before.includes(name)) {
      throw new ConfigurationError(`${name}(Base)`, `a class without ${name}`, before.join(' < '));
    }
    const Extended = extend(Base as unknown as RunConstructor);
    Object.defineProperty(Extended, applied, { value: Object.freeze([...before, name]) });
    return Extended as unknown as T;
  };
}

/** The names of the mixins that a class has, innermost first. */
export function mixinsOf(Class: RunClass): readonly string[] {
  return (Class as { readonly [applied]?: readonly string[] })[applied] ?? [];
}
