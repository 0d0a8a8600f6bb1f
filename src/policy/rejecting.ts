/**
 * What a promise rejects with the error when it is resolved with this. Cheaper than throwing where the error is no news to the
 * engine, and than a promise that is rejected before anybody can have caught it.
 */
export class Rejecting implements PromiseLike<never> {
  readonly #error: unknown;

  constructor(error: unknown) {
    this.#error = error;
  }

  // biome-ignore lint/suspicious/noThenProperty: promises call it
  then<A = never, B = never>(
    _resolved?: ((value: never) => A | PromiseLike<A>) | null,
    rejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    rejected?.(this.#error);
    return this as PromiseLike<never>;
  }
}
