/**
 * Calls the work with a signal that is aborted as soon as one of the two is, with its reason. Once the work has settled it listens
 * to neither: `AbortSignal.any` would leave that to the garbage collector, and a run's signal lives through many calls.
 */
export async function withEither<T>(
  one: AbortSignal,
  other: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const either = new Either(one, other);
  try {
    return await work(either.signal);
  } finally {
    either.release();
  }
}

class Either {
  readonly #controller = new AbortController();
  readonly #sources: readonly AbortSignal[];

  constructor(...sources: readonly AbortSignal[]) {
    this.#sources = sources;
    for (const source of sources) {
      if (source.aborted) this.#controller.abort(source.reason);
      else source.addEventListener('abort', this);
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  handleEvent({ target }: Event): void {
    this.#controller.abort((target as AbortSignal).reason);
  }

  release(): void {
    for (const source of this.#sources) source.removeEventListener('abort', this);
  }
}
