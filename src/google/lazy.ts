/** Something made when it is first asked for. What could not be made is not remembered: the next who asks tries again. */
export class Lazy<T> {
  readonly #make: () => Promise<T>;
  #made: Promise<T> | undefined;

  constructor(make: () => Promise<T>) {
    this.#make = make;
  }

  get(): Promise<T> {
    if (this.#made === undefined) {
      const made = this.#make();
      this.#made = made;
      made.catch(() => this.forget(made));
    }
    return this.#made;
  }

  /** What has been made, unless nothing has. */
  get made(): Promise<T> | undefined {
    return this.#made;
  }

  /** The next who asks gets a new one; with `which`, only if it is still that one. */
  forget(which: Promise<T> | undefined = this.#made): void {
    if (this.#made === which) this.#made = undefined;
  }
}
