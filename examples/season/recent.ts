/** Remembers the last few values that were made, by key. */
export class Recent<Key, Value> {
  readonly #size: number;
  readonly #values = new Map<Key, Value>();

  constructor(size: number) {
    this.#size = size;
  }

  get(key: Key, make: () => Value): Value {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const value = make();
    this.#values.set(key, value);
    if (this.#values.size > this.#size) {
      for (const oldest of this.#values.keys()) {
        this.#values.delete(oldest);
        break;
      }
    }
    return value;
  }
}
